//! What the sandbox's providers know the shop by.

use clap::Args;

use crate::config::{ConfigError, Providers, Secret};
use crate::url::{BaseUrl, InvalidBaseUrl};

/// One shop at four providers.
#[derive(Args, Clone, Debug)]
pub struct Accounts {
    /// Merchant at MoMo
    #[arg(long, env = "MOMO_PARTNER_CODE", default_value = "SANDBOX")]
    pub momo_partner_code: String,

    /// Access key at MoMo
    #[arg(
        long,
        env = "MOMO_ACCESS_KEY",
        hide_env_values = true,
        default_value = "sandbox-access-key"
    )]
    pub momo_access_key: Secret,

    /// Secret at MoMo
    #[arg(
        long,
        env = "MOMO_SECRET_KEY",
        hide_env_values = true,
        default_value = "sandbox-momo-secret"
    )]
    pub momo_secret_key: Secret,

    /// Merchant at VNPay
    #[arg(long, env = "VNPAY_TMN_CODE", default_value = "SANDBOX1")]
    pub vnpay_tmn_code: String,

    /// Secret at VNPay
    #[arg(
        long,
        env = "VNPAY_HASH_SECRET",
        hide_env_values = true,
        default_value = "sandbox-vnpay-secret"
    )]
    pub vnpay_hash_secret: Secret,

    /// Application at ZaloPay
    #[arg(long, env = "ZALOPAY_APP_ID", default_value = "2553")]
    pub zalopay_app_id: u64,

    /// Key of requests to ZaloPay
    #[arg(
        long,
        env = "ZALOPAY_KEY1",
        hide_env_values = true,
        default_value = "sandbox-zalopay-key1"
    )]
    pub zalopay_key1: Secret,

    /// Key of ZaloPay's messages
    #[arg(
        long,
        env = "ZALOPAY_KEY2",
        hide_env_values = true,
        default_value = "sandbox-zalopay-key2"
    )]
    pub zalopay_key2: Secret,

    /// Secret of the messages about cards, and of generic ones
    #[arg(
        long,
        env = "CARD_WEBHOOK_SECRET",
        hide_env_values = true,
        default_value = "sandbox-card-secret"
    )]
    pub card_webhook_secret: Secret,
}

impl Accounts {
    /// Accounts with secrets of the caller's.
    pub(crate) fn of(secret: impl Fn() -> Secret) -> Self {
        Self {
            momo_partner_code: "SANDBOX".to_owned(),
            momo_access_key: secret(),
            momo_secret_key: secret(),
            vnpay_tmn_code: "SANDBOX1".to_owned(),
            vnpay_hash_secret: secret(),
            zalopay_app_id: 2553,
            zalopay_key1: secret(),
            zalopay_key2: secret(),
            card_webhook_secret: secret(),
        }
    }

    /// The same accounts as the shop sets them: the sandbox's API stands under
    /// `api`, its pages under `pages`.
    ///
    /// # Errors
    /// These are no addresses.
    pub fn seen_from(&self, api: &str, pages: &str) -> Result<Providers, ConfigError> {
        let url = |base: &str, path: &str| -> Result<Option<BaseUrl>, ConfigError> {
            let url = format!("{base}{path}");
            let wrong = |error: InvalidBaseUrl| {
                ConfigError::of_value("PUBLIC_URL", &url, &format!("{error}"))
            };
            url.parse().map(Some).map_err(wrong)
        };
        Ok(Providers {
            momo_partner_code: Some(self.momo_partner_code.clone()),
            momo_access_key: Some(self.momo_access_key.clone()),
            momo_secret_key: Some(self.momo_secret_key.clone()),
            momo_url: url(api, "/momo")?,
            vnpay_tmn_code: Some(self.vnpay_tmn_code.clone()),
            vnpay_hash_secret: Some(self.vnpay_hash_secret.clone()),
            vnpay_url: url(pages, "/vnpay/pay")?,
            vnpay_api_url: url(api, "/vnpay/api")?,
            zalopay_app_id: Some(self.zalopay_app_id),
            zalopay_key1: Some(self.zalopay_key1.clone()),
            zalopay_key2: Some(self.zalopay_key2.clone()),
            zalopay_url: url(api, "/zalopay")?,
            card_url: url(api, "")?,
            card_webhook_secret: vec![self.card_webhook_secret.clone()],
        })
    }
}
