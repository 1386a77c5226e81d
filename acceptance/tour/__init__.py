"""The tour of docs/tour.md, taken by a program."""
