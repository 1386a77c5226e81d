//! All SQL: the tables, and how they are read and written.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Result, Row as _};

use super::batch::Batch;

/// Marks a file as the emulator's: `mfem`.
pub(super) const APPLICATION: i64 = 0x6d66_656d;
/// What the tables and the forms in them are like. A change that an older program could not read raises it.
pub(super) const VERSION: i64 = 1;

/// A list whose entries have growing numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Messages,
    Bulks,
    Requests,
    Activities,
    Deliveries,
    Waiting,
    Received,
}

impl Table {
    pub(super) const ALL: [Self; 7] = [
        Self::Messages,
        Self::Bulks,
        Self::Requests,
        Self::Activities,
        Self::Deliveries,
        Self::Waiting,
        Self::Received,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Bulks => "bulks",
            Self::Requests => "requests",
            Self::Activities => "activities",
            Self::Deliveries => "deliveries",
            Self::Waiting => "waiting",
            Self::Received => "received",
        }
    }
}

/// What a row of any of these tables has.
pub(super) struct Row {
    pub(super) number: u64,
    /// How much memory the entry takes.
    pub(super) weight: usize,
    /// What it belongs to: the id of a message or an email, or a time.
    pub(super) about: String,
    /// The entry as JSON.
    pub(super) body: String,
}

/// By what a file is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) application: i64,
    pub(super) version: i64,
    pub(super) tables: i64,
}

pub(super) async fn marks(connection: &mut SqliteConnection) -> Result<Marks> {
    Ok(Marks {
        application: sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?,
        version: sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?,
        tables: sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?,
    })
}

pub(super) async fn create(connection: &mut SqliteConnection) -> Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for table in Table::ALL {
        let sql = format!(
            "CREATE TABLE {} (number INTEGER PRIMARY KEY, weight INTEGER NOT NULL, about TEXT NOT NULL, body TEXT NOT NULL)",
            table.name()
        );
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    }
    for sql in [
        "CREATE TABLE letters (email TEXT PRIMARY KEY, message TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE contacts (domain TEXT NOT NULL, address TEXT NOT NULL, body TEXT NOT NULL, \
         PRIMARY KEY (domain, address)) WITHOUT ROWID",
        "CREATE TABLE suppressions (id TEXT PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE account (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    ] {
        sqlx::query(sql).execute(&mut *transaction).await?;
    }
    for (pragma, value) in [("application_id", APPLICATION), ("user_version", VERSION)] {
        sqlx::query(AssertSqlSafe(format!("PRAGMA {pragma} = {value}"))).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Takes the right to write and gives it back.
pub(super) async fn try_to_write(connection: &mut SqliteConnection) -> Result<()> {
    connection.begin_with("BEGIN IMMEDIATE").await?.rollback().await
}

/// Takes away letters that neither a message nor an activity is about any more.
pub(super) async fn sweep(connection: &mut SqliteConnection) -> Result<()> {
    let sql = "DELETE FROM letters WHERE message NOT IN (SELECT about FROM messages) \
               AND email NOT IN (SELECT about FROM activities)";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// Writes a batch in one transaction.
pub(super) async fn write(connection: &mut SqliteConnection, batch: &Batch) -> Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if batch.is_whole {
        let names = Table::ALL.into_iter().map(Table::name).chain(["letters", "contacts", "suppressions", "account"]);
        for name in names {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {name}"))).execute(&mut *transaction).await?;
        }
    }
    for change in &batch.changes {
        let name = change.table.name();
        let number = i64::try_from(change.number).unwrap_or(i64::MAX);
        let Some(entry) = &change.entry else {
            let sql = format!("DELETE FROM {name} WHERE number = ?1");
            sqlx::query(AssertSqlSafe(sql)).bind(number).execute(&mut *transaction).await?;
            continue;
        };
        let sql = format!("INSERT OR REPLACE INTO {name} (number, weight, about, body) VALUES (?1, ?2, ?3, ?4)");
        // One at a time: the JSON of a mail with its files is larger than they are.
        let body = entry.json().map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        let query = sqlx::query(AssertSqlSafe(sql)).bind(number).bind(i64::try_from(entry.weight).unwrap_or(i64::MAX));
        query.bind(&entry.about).bind(body).execute(&mut *transaction).await?;
    }
    for (email, message, body) in &batch.letters {
        let sql = "INSERT OR REPLACE INTO letters (email, message, body) VALUES (?1, ?2, ?3)";
        sqlx::query(sql).bind(email).bind(message).bind(body).execute(&mut *transaction).await?;
    }
    for ((domain, address), body) in &batch.contacts {
        let query = match body {
            Some(_) => sqlx::query("INSERT OR REPLACE INTO contacts (domain, address, body) VALUES (?1, ?2, ?3)"),
            None => sqlx::query("DELETE FROM contacts WHERE domain = ?1 AND address = ?2"),
        };
        query.bind(domain).bind(address).bind(body.as_deref()).execute(&mut *transaction).await?;
    }
    for (id, body) in &batch.suppressions {
        let query = match body {
            Some(_) => sqlx::query("INSERT OR REPLACE INTO suppressions (id, body) VALUES (?1, ?2)"),
            None => sqlx::query("DELETE FROM suppressions WHERE id = ?1"),
        };
        query.bind(id).bind(body.as_deref()).execute(&mut *transaction).await?;
    }
    for (name, body) in &batch.account {
        let sql = "INSERT OR REPLACE INTO account (name, body) VALUES (?1, ?2)";
        sqlx::query(sql).bind(*name).bind(body).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// So many rows are read at a time: of mails with large files not too many are there twice.
const PAGE: usize = 200;

/// Up to [`PAGE`] rows after that with the number `after`, by their numbers.
pub(super) async fn rows(connection: &mut SqliteConnection, table: Table, after: Option<u64>) -> Result<Vec<Row>> {
    let sql = format!(
        "SELECT number, weight, about, body FROM {} WHERE number > ?1 ORDER BY number LIMIT {PAGE}",
        table.name()
    );
    let after = after.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX));
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).fetch_all(connection).await?;
    let row = |row: SqliteRow| {
        Ok(Row {
            number: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0),
            weight: usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0),
            about: row.try_get(2)?,
            body: row.try_get(3)?,
        })
    };
    rows.into_iter().map(row).collect()
}

/// Each email's letter.
pub(super) async fn letters(connection: &mut SqliteConnection) -> Result<Vec<(String, String)>> {
    sqlx::query_as("SELECT email, body FROM letters").fetch_all(connection).await
}

pub(super) async fn contacts(connection: &mut SqliteConnection) -> Result<Vec<(String, String, String)>> {
    sqlx::query_as("SELECT domain, address, body FROM contacts").fetch_all(connection).await
}

/// In the order in which they were added.
pub(super) async fn suppressions(connection: &mut SqliteConnection) -> Result<Vec<String>> {
    sqlx::query_scalar("SELECT body FROM suppressions ORDER BY rowid").fetch_all(connection).await
}

pub(super) async fn account(connection: &mut SqliteConnection) -> Result<Vec<(String, String)>> {
    sqlx::query_as("SELECT name, body FROM account").fetch_all(connection).await
}
