//! Payment providers: what each knows this shop by.

use clap::Args;

use super::{ConfigError, Secret};
use crate::url::BaseUrl;

/// The accounts at payment providers. One that is not set is not used.
#[derive(Args, Clone, Debug, Default)]
pub struct Providers {
    /// Merchant at MoMo; set all four to take payments by MoMo itself
    #[arg(long, env = "MOMO_PARTNER_CODE")]
    pub momo_partner_code: Option<String>,

    /// Access key at MoMo
    #[arg(long, env = "MOMO_ACCESS_KEY", hide_env_values = true)]
    pub momo_access_key: Option<Secret>,

    /// Secret that messages to and from MoMo are signed with
    #[arg(long, env = "MOMO_SECRET_KEY", hide_env_values = true)]
    pub momo_secret_key: Option<Secret>,

    /// Address of MoMo, in production at payment.momo.vn
    #[arg(long, env = "MOMO_URL")]
    pub momo_url: Option<BaseUrl>,

    /// Merchant (terminal) at VNPay; set all four to take payments by VNPay
    /// itself, which must be told to call /api/payments/webhook/vnpay
    #[arg(long, env = "VNPAY_TMN_CODE")]
    pub vnpay_tmn_code: Option<String>,

    /// Secret that messages to and from VNPay are signed with
    #[arg(long, env = "VNPAY_HASH_SECRET", hide_env_values = true)]
    pub vnpay_hash_secret: Option<Secret>,

    /// VNPay's page, in production pay.vnpay.vn/vpcpay.html
    #[arg(long, env = "VNPAY_URL")]
    pub vnpay_url: Option<BaseUrl>,

    /// VNPay's API, in production merchant.vnpay.vn/merchant_webapi/api/transaction
    #[arg(long, env = "VNPAY_API_URL")]
    pub vnpay_api_url: Option<BaseUrl>,

    /// Application at ZaloPay; set all four to take payments by ZaloPay itself
    #[arg(long, env = "ZALOPAY_APP_ID", value_parser = app_id)]
    pub zalopay_app_id: Option<u64>,

    /// Key that requests to ZaloPay are signed with
    #[arg(long, env = "ZALOPAY_KEY1", hide_env_values = true)]
    pub zalopay_key1: Option<Secret>,

    /// Key that ZaloPay signs its messages with
    #[arg(long, env = "ZALOPAY_KEY2", hide_env_values = true)]
    pub zalopay_key2: Option<Secret>,

    /// Address of ZaloPay, in production at openapi.zalopay.vn
    #[arg(long, env = "ZALOPAY_URL")]
    pub zalopay_url: Option<BaseUrl>,

    /// Address of the gateway for cards
    #[arg(long, env = "CARD_URL")]
    pub card_url: Option<BaseUrl>,

    /// Secrets that gateway signs its messages with: while they are changed, the
    /// old and the new one, with a comma in between
    #[arg(long, env = "CARD_WEBHOOK_SECRET", hide_env_values = true, value_delimiter = ',')]
    pub card_webhook_secret: Vec<Secret>,
}

impl Providers {
    /// Checks that each provider is set as a whole or not at all.
    ///
    /// # Errors
    /// What is missing of the first that is not.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        whole(&[
            ("MOMO_PARTNER_CODE", self.momo_partner_code.is_some()),
            ("MOMO_ACCESS_KEY", self.momo_access_key.is_some()),
            ("MOMO_SECRET_KEY", self.momo_secret_key.is_some()),
            ("MOMO_URL", self.momo_url.is_some()),
        ])?;
        whole(&[
            ("VNPAY_TMN_CODE", self.vnpay_tmn_code.is_some()),
            ("VNPAY_HASH_SECRET", self.vnpay_hash_secret.is_some()),
            ("VNPAY_URL", self.vnpay_url.is_some()),
            ("VNPAY_API_URL", self.vnpay_api_url.is_some()),
        ])?;
        whole(&[
            ("ZALOPAY_APP_ID", self.zalopay_app_id.is_some()),
            ("ZALOPAY_KEY1", self.zalopay_key1.is_some()),
            ("ZALOPAY_KEY2", self.zalopay_key2.is_some()),
            ("ZALOPAY_URL", self.zalopay_url.is_some()),
        ])?;
        whole(&[
            ("CARD_URL", self.card_url.is_some()),
            ("CARD_WEBHOOK_SECRET", !self.card_webhook_secret.is_empty()),
        ])
    }

    /// Whether no provider is set.
    pub(crate) fn are_unset(&self) -> bool {
        self.momo_url.is_none()
            && self.vnpay_url.is_none()
            && self.zalopay_url.is_none()
            && self.card_url.is_none()
    }
}

/// All of these settings, or none.
fn whole(settings: &[(&str, bool)]) -> Result<(), ConfigError> {
    let names = |given: bool| {
        let names = settings.iter().filter(|(_, is)| *is == given).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    let (there, missing) = (names(true), names(false));
    if there.is_empty() || missing.is_empty() {
        return Ok(());
    }
    Err(ConfigError::new(&missing, &format!("must be set together with {there}")))
}

fn app_id(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "must be a whole number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_set_as_a_whole_or_not_at_all() {
        assert!(Providers::default().check().is_ok());
        let half = Providers {
            momo_partner_code: Some("SHOP".to_owned()),
            momo_secret_key: "never-to-be-printed".parse().ok(),
            ..Providers::default()
        };
        assert_eq!(
            half.check().expect_err("half of it is missing").to_string(),
            "MOMO_ACCESS_KEY, MOMO_URL: must be set together with MOMO_PARTNER_CODE, MOMO_SECRET_KEY"
        );
        let half = Providers { card_url: "https://card.example".parse().ok(), ..half };
        let half = Providers { momo_partner_code: None, momo_secret_key: None, ..half };
        assert_eq!(
            half.check().expect_err("nobody could tell real messages from forged ones").to_string(),
            "CARD_WEBHOOK_SECRET: must be set together with CARD_URL"
        );
    }
}
