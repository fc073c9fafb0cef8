use std::time::Duration;

use bson::{Document, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, ServerAddress,
    WriteConcern,
};
use mongodb::{Client, error::Error};

use super::MongoStore;
use super::collections::Collections;
use super::terms::Terms;

/// The database, if the address names none.
const DATABASE: &str = "seathold";

/// Connections to each server at the most. A busy showtime needs two or three at
/// a time; the server spends a thread and a megabyte on each.
const MAX_CONNECTIONS: u32 = 64;

/// Connections that may be opened at the same time: after a failover all are
/// needed at once.
const MAX_CONNECTING: u32 = 8;

/// How long a call waits for a primary: longer than one that steps down in order
/// takes, shorter than a client waits.
const SELECTION_TIME: Duration = Duration::from_secs(3);

/// How long opening a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// How long the server waits for the majority before it says that it does not
/// know: shorter than a caller waits for the server.
pub(super) const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(4);

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not one.
    #[error("not an address of MongoDB: {0}")]
    Address(String),
    /// No server that can write was found.
    #[error("cannot reach MongoDB: {0}")]
    Unreachable(String),
    /// A server that belongs to no replica set.
    #[error(
        "the MongoDB server at {0} is not a member of a replica set, and seathold cannot do \
         without: start mongod with --replSet rs0, run rs.initiate() in mongosh once, and add \
         ?replicaSet=rs0 to the address"
    )]
    Standalone(String),
}

impl MongoStore {
    /// Connects to the replica set at `uri`, `mongodb://…` or `mongodb+srv://…`,
    /// whose path names the database (`seathold`, if it does not). What the
    /// address says of the pool and of times holds; the concerns are ours.
    ///
    /// # Errors
    /// See [`OpenError`]; no text has a password in it.
    pub async fn connect(uri: &str) -> Result<Self, OpenError> {
        let address = |error: Error| OpenError::Address(error.kind.to_string());
        let mut options = with_defaults(ClientOptions::parse(uri).await.map_err(address)?);
        let terms = Terms::default();
        options.sdam_event_handler = Some(terms.watch());
        let client = Client::with_options(options.clone()).map_err(address)?;
        match client.database("admin").run_command(doc! {"hello": 1}).await {
            Ok(hello) if is_replicated(&hello) => {}
            Ok(_) => return Err(OpenError::Standalone(names(&options.hosts))),
            // A standalone server is no member of the set the address names, so
            // that none is found: it says so itself.
            Err(_) if answers_alone(&options).await => {
                return Err(OpenError::Standalone(names(&options.hosts)));
            }
            Err(error) => return Err(OpenError::Unreachable(error.kind.to_string())),
        }
        let database = client.default_database().unwrap_or_else(|| client.database(DATABASE));
        Ok(Self { collections: Collections::of(database, terms) })
    }
}

fn with_defaults(mut options: ClientOptions) -> ClientOptions {
    options.app_name.get_or_insert_with(|| "seathold".to_owned());
    options.max_pool_size.get_or_insert(MAX_CONNECTIONS);
    options.max_connecting.get_or_insert(MAX_CONNECTING);
    options.server_selection_timeout.get_or_insert(SELECTION_TIME);
    options.connect_timeout.get_or_insert(CONNECT_TIME);
    options.retry_reads = Some(true);
    options.retry_writes = Some(true);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let majority = WriteConcern::builder().w(Acknowledgment::Majority).journal(true);
    options.write_concern = Some(majority.w_timeout(ACKNOWLEDGED_WITHIN).build());
    options
}

fn names(servers: &[ServerAddress]) -> String {
    let names: Vec<_> = servers.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Whether this is the answer of a member of a replica set, or of the router in
/// front of several.
fn is_replicated(hello: &Document) -> bool {
    hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|kind| kind == "isdbgrid")
}

/// Whether a server is there that belongs to no replica set, or to one that was
/// not initiated.
async fn answers_alone(options: &ClientOptions) -> bool {
    let Some(host) = options.hosts.first() else { return false };
    let mut options = options.clone();
    options.hosts = vec![host.clone()];
    options.repl_set_name = None;
    options.direct_connection = Some(true);
    let Ok(client) = Client::with_options(options) else { return false };
    let hello = client.database("admin").run_command(doc! {"hello": 1}).await;
    hello.is_ok_and(|hello| !is_replicated(&hello))
}
