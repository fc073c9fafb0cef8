//! Who takes the money: the providers that are set, or the sandbox.

use std::sync::Arc;

use seathold_adapters::gateways::{Momo, Vnpay, Zalopay};
use seathold_adapters::gateways::{MomoAccount, VnpayAccount, ZalopayAccount};
use seathold_adapters::{Gateways, GenericGateway};
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{Env, GatewayError};

use super::StartError;
use crate::config::{Config, Providers, Secret};
use crate::sandbox::{self, Sandbox};

/// Whoever takes the money, and what their generic messages are signed with.
pub(super) struct Money {
    pub(super) gateways: Arc<Gateways>,
    pub(super) webhook_secrets: WebhookSecrets,
    pub(super) sandbox: Option<Arc<Sandbox>>,
}

/// What generic messages are signed with.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookSecrets {
    /// By the gateway in front of all providers.
    generic: Option<Secret>,
    /// By the gateway for cards.
    card: Vec<Secret>,
}

impl WebhookSecrets {
    /// Any of these signs messages about this method.
    pub(crate) fn of(&self, method: PaymentMethod) -> Vec<&Secret> {
        let card = self.card.iter().filter(|_| method == PaymentMethod::Card);
        self.generic.iter().chain(card).collect()
    }
}

impl Money {
    /// `own`: the address under which the server reaches itself.
    pub(super) fn of(config: &Config, env: &Env, own: &str) -> Result<Self, StartError> {
        let public = config.public_url.as_ref().map_or(own, |url| url.as_str());
        let unset = config.payment_gateway_url.is_none() && config.providers.are_unset();
        if config.dev && unset {
            return Self::sandbox(config, env, public, own);
        }
        let mut gateways = gateways(&config.providers, public, env)?;
        if let Some(url) = &config.payment_gateway_url {
            gateways.generic = Some(GenericGateway::new(url.as_str(), public)?);
        }
        let webhook_secrets = WebhookSecrets {
            generic: config.payment_webhook_secret.clone(),
            card: config.providers.card_webhook_secret.clone(),
        };
        Ok(Self { gateways: Arc::new(gateways), webhook_secrets, sandbox: None })
    }

    /// The providers that this very server plays.
    fn sandbox(config: &Config, env: &Env, public: &str, own: &str) -> Result<Self, StartError> {
        let secret = || Secret::new(format!("{}{}", env.uuid().simple(), env.uuid().simple()));
        let card = config.payment_webhook_secret.clone().unwrap_or_else(secret);
        let accounts = sandbox::Accounts {
            card_webhook_secret: card.clone(),
            ..sandbox::Accounts::of(secret)
        };
        let providers =
            accounts.seen_from(&format!("{own}/sandbox"), &format!("{public}/sandbox"))?;
        let sandbox = Sandbox::new(env.clone(), accounts, public, own)?;
        let webhook_secrets = WebhookSecrets { generic: Some(card), card: Vec::new() };
        let gateways = Arc::new(gateways(&providers, own, env)?);
        Ok(Self { gateways, webhook_secrets, sandbox: Some(Arc::new(sandbox)) })
    }
}

/// Each provider that is set, as a whole.
fn gateways(from: &Providers, public: &str, env: &Env) -> Result<Gateways, GatewayError> {
    let card = from.card_url.as_ref().map(|url| GenericGateway::new(url.as_str(), public));
    Ok(Gateways {
        momo: momo(from).map(|account| Momo::new(account, public, env.clone())).transpose()?,
        vnpay: vnpay(from).map(|account| Vnpay::new(account, public, env.clone())).transpose()?,
        zalopay: zalopay(from)
            .map(|account| Zalopay::new(account, public, env.clone()))
            .transpose()?,
        card: card.transpose()?,
        generic: None,
    })
}

fn momo(from: &Providers) -> Option<MomoAccount> {
    Some(MomoAccount {
        partner_code: from.momo_partner_code.clone()?,
        access_key: from.momo_access_key.as_ref()?.expose().to_owned(),
        secret_key: from.momo_secret_key.as_ref()?.expose().to_owned(),
        url: from.momo_url.as_ref()?.as_str().to_owned(),
    })
}

fn vnpay(from: &Providers) -> Option<VnpayAccount> {
    Some(VnpayAccount {
        tmn_code: from.vnpay_tmn_code.clone()?,
        hash_secret: from.vnpay_hash_secret.as_ref()?.expose().to_owned(),
        pay_url: from.vnpay_url.as_ref()?.as_str().to_owned(),
        api_url: from.vnpay_api_url.as_ref()?.as_str().to_owned(),
    })
}

fn zalopay(from: &Providers) -> Option<ZalopayAccount> {
    Some(ZalopayAccount {
        app_id: from.zalopay_app_id?,
        key1: from.zalopay_key1.as_ref()?.expose().to_owned(),
        key2: from.zalopay_key2.as_ref()?.expose().to_owned(),
        url: from.zalopay_url.as_ref()?.as_str().to_owned(),
    })
}
