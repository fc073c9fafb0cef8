//! Web addresses, parsed once.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// Characters of an address at the most: what browsers and proxies pass on.
const MAX_CHARS: usize = 2_048;

/// An absolute http or https address without credentials, in its normal form:
/// whoever reads it next sees the same host as we did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl(Url);

/// A text that is not such an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an absolute http or https URL without credentials")]
pub struct InvalidUrl;

impl HttpUrl {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port, e.g. `https://shop.example`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl FromStr for HttpUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let url = Url::parse(text).map_err(|_| InvalidUrl)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if text.len() > MAX_CHARS || !is_web || has_credentials {
            return Err(InvalidUrl);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An address that paths are appended to: without query, fragment and closing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text that is not such an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an absolute http or https URL without credentials, query and fragment")]
pub struct InvalidBaseUrl;

impl BaseUrl {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let HttpUrl(url) = text.parse().map_err(|_| InvalidBaseUrl)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidBaseUrl);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// Origins, as a list with commas in between, e.g.
/// `https://shop.example,https://m.shop.example:8443`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// A text that is not such a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be origins like https://shop.example, with commas in between")]
pub struct InvalidOrigins;

impl Origins {
    /// The origins, each in its normal form.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for Origins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let origin = |entry: &str| {
            let url: HttpUrl = entry.parse().map_err(|_| InvalidOrigins)?;
            let bare = url.0.path() == "/" && url.0.query().is_none() && url.0.fragment().is_none();
            bare.then(|| url.origin()).ok_or(InvalidOrigins)
        };
        entries.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_without_credentials_are_taken() {
        for good in ["https://shop.example/paid?x=1#top", "HTTP://Shop.Example", "http://[::1]:80/"]
        {
            assert!(good.parse::<HttpUrl>().is_ok(), "{good}");
        }
        for bad in
            ["", "shop.example", "/paid", "ftp://shop.example", "javascript:alert(1)", "http://"]
        {
            assert!(bad.parse::<HttpUrl>().is_err(), "{bad}");
        }
        assert!("https://shop.example@evil.example/".parse::<HttpUrl>().is_err());
    }

    #[test]
    fn the_normal_form_leaves_no_doubt_about_the_host() {
        let url: HttpUrl = r"https://evil.example\@shop.example/".parse().expect("a URL");
        assert_eq!(url.origin(), "https://evil.example");
        assert_eq!(url.as_str(), "https://evil.example/@shop.example/");
    }

    #[test]
    fn a_base_loses_its_closing_slash_and_has_no_query() {
        let base: BaseUrl = "http://localhost:4000/pay/".parse().expect("a base");
        assert_eq!(base.as_str(), "http://localhost:4000/pay");
        assert!("http://localhost/?x".parse::<BaseUrl>().is_err());
    }

    #[test]
    fn origins_are_bare_and_normal() {
        let origins: Origins =
            "https://Shop.Example:443, http://a.example:81,".parse().expect("ok");
        assert_eq!(origins.as_slice(), ["https://shop.example", "http://a.example:81"]);
        assert!("https://shop.example/path".parse::<Origins>().is_err());
        assert!("*".parse::<Origins>().is_err());
    }
}
