//! Providers at the start of the host: made of what is on record, with the accounts as the last run left them, and started.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account;
use super::made::Made;
use super::paper;
use super::record::Entry;
use super::roster::Providers;
use super::settings::Settings;
use crate::base::ProviderName;
use crate::store::{Desired, ProviderRow, StoreError, WriteOp};

/// The fact that says that the first provider was put on record, so that one which an operator deleted stays deleted.
const SEEDED: &str = "seeded.provider";

impl Providers {
    /// Makes every provider on record and starts those that ran. One that cannot be made or started is `failed`, with its reason;
    /// the others and the control plane are needed to mend it. An empty database first gets `first`: a paper venue of this name that
    /// plays the built-in tapes in a loop.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn restore(self: &Arc<Self>, first: &str) -> Result<(), StoreError> {
        if self.store.meta(SEEDED).await?.is_none() {
            self.seed(first).await?;
        }
        let mut entries = Vec::new();
        for row in self.store.providers().await? {
            entries.push(self.take_back(row).await?);
        }
        self.settle_accounts(&entries).await?;
        for entry in entries {
            let (wanted, made) = {
                let state = entry.state();
                (state.row.desired == Desired::Running, state.made.is_some())
            };
            let _turn = entry.turn.lock().await;
            if wanted && made {
                self.bring_up(&entry).await;
            } else {
                let reason = entry.state().startup_error.clone();
                self.note(&entry, reason);
            }
        }
        Ok(())
    }

    /// Makes one, attaches it, and asks it about the orders that the last run left open.
    async fn take_back(&self, row: ProviderRow) -> Result<Arc<Entry>, StoreError> {
        let settings = Settings::stored(row.config.clone());
        let (made, error) = match self.make(&row.name, &row.adapter, &settings).await? {
            Ok(made) => (Some(made), None),
            Err(issues) => (None, issues.first().map(ToString::to_string)),
        };
        if let Some(made) = &made {
            let provider = made.provider();
            self.desk.attach(Arc::clone(&provider));
            self.desk.recover(&provider).await;
        }
        let entry = Entry::new(row, made, error);
        // The names are the keys of a table: none is there twice.
        let _ = self.insert(&entry);
        Ok(entry)
    }

    /// Gives every simulated venue the account that its matches on record have made.
    async fn settle_accounts(&self, entries: &[Arc<Entry>]) -> Result<(), StoreError> {
        // What venues had told and nobody had written down is on record by then, and so in the accounts.
        self.store.writer().flush().await?;
        let begun: BTreeMap<ProviderName, u64> =
            entries.iter().map(|entry| (entry.name.clone(), entry.state().row.account_from)).collect();
        let changes = account::changes(&self.store, &begun).await?;
        for entry in entries {
            if let (Some(Made::Simulated(provider)), Some(changes)) = (&entry.state().made, changes.get(&entry.name)) {
                provider.set_account(changes);
            }
        }
        Ok(())
    }

    async fn seed(&self, name: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let seeded = WriteOp::SetMeta { name: SEEDED.to_owned(), value: now.to_rfc3339() };
        let Ok(name) = ProviderName::new(name) else { return Ok(()) };
        let row = ProviderRow {
            name,
            adapter: paper::ADAPTER.to_owned(),
            // A plain struct of numbers and texts: serialization cannot fail.
            config: serde_json::to_value(paper::PaperConfig::default()).unwrap_or_default(),
            desired: Desired::Running,
            started: false,
            account_from: 0,
            created_at: now,
            updated_at: now,
        };
        self.store.writer().commit(vec![WriteOp::UpsertProvider(Box::new(row)), seeded]).await
    }
}
