//! What becomes of providers, told to the instances that need them.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::base::lifecycle::Lifecycle;
use crate::instances::Instances;
use crate::providers::{ProviderNews, Providers};

/// Goes on until the host stops.
pub(super) fn forward(
    mut news: Receiver<ProviderNews>,
    providers: &Arc<Providers>,
    instances: &Arc<Instances>,
    lifecycle: &Lifecycle,
) {
    let (providers, instances, over) = (Arc::clone(providers), Arc::clone(instances), lifecycle.soft_stop().clone());
    lifecycle.spawn(async move {
        loop {
            let heard = tokio::select! {
                () = over.cancelled() => return,
                heard = news.recv() => heard,
            };
            match heard {
                Ok(news) => instances.provider_changed(&news.name, news.status, news.reason.as_deref()),
                Err(RecvError::Closed) => return,
                // Too much at once: how it stands now is what those who wait need to know.
                Err(RecvError::Lagged(_)) => {
                    for record in providers.list() {
                        instances.provider_changed(&record.name, record.status, record.startup_error.as_deref());
                    }
                }
            }
        }
    });
}
