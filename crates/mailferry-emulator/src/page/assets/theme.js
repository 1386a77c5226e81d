//! Sets the chosen colours before anything is drawn.

(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("mailferry-theme");
  } catch {
    // A browser that keeps nothing follows the system.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
