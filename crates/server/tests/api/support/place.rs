use std::path::Path;
use std::sync::Arc;

use seathold_adapters::{EmbeddedStore, SystemClock};
use seathold_server::Config;
use seathold_service::ports::Store;
use seathold_testkit::servers::{Ground, TestDatabase, redis_url};
use tempfile::TempDir;

/// Where servers keep everything, empty at first. It outlives them.
pub(crate) struct Place {
    folder: TempDir,
    servers: Option<Servers>,
}

struct Servers {
    database: TestDatabase,
    redis_url: String,
}

impl Place {
    /// One of the [chosen](Ground::chosen) kind.
    pub(crate) async fn new() -> Self {
        match Ground::chosen() {
            Ground::Embedded => Self::embedded(),
            Ground::Servers => {
                let (_, database) = TestDatabase::reused().await.expect("MongoDB to test on");
                let redis_url = redis_url().expect("Redis to test on");
                Self { servers: Some(Servers { database, redis_url }), ..Self::embedded() }
            }
        }
    }

    /// A folder, whatever was chosen: for what is true of folders only.
    pub(crate) fn embedded() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder"), servers: None }
    }

    /// Its folder. One with servers has it too, and leaves it empty.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What `/health` says of a server here: of its store, and of its leases.
    pub(crate) const fn health(&self) -> &'static str {
        if self.servers.is_some() { "connected" } else { "embedded" }
    }

    /// What leads the program here, as variables.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let folder = self.path().to_str().expect("a path of plain text").to_owned();
        let mut variables = vec![("DATA_DIR", folder)];
        if let Some(servers) = &self.servers {
            variables.push(("MONGO_URI", servers.database.uri.clone()));
            variables.push(("REDIS_URL", servers.redis_url.clone()));
        }
        variables
    }

    /// Leads a server here.
    pub(crate) fn lead(&self, config: &mut Config) {
        self.path().clone_into(&mut config.data_dir);
        if let Some(servers) = &self.servers {
            config.mongo_uri = servers.database.uri.parse().ok();
            config.redis_url = servers.redis_url.parse().ok();
        }
    }

    /// What is kept here, to look at or to meddle with while no server runs.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        if let Some(servers) = &self.servers {
            return Arc::new(servers.database.connect().await);
        }
        Arc::new(EmbeddedStore::open(self.path(), Arc::new(SystemClock)).expect("a store"))
    }
}
