use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;

use super::tokens::{Hmac256, token};
use super::{Answer, Site};

/// A request on its way.
pub(crate) struct Call<'a> {
    site: &'a Site,
    request: RequestBuilder,
}

impl Site {
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call { site: self, request: self.client.request(method, format!("{}{path}", self.base)) }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}

impl Call<'_> {
    /// As this user.
    pub(crate) fn by(self, user: &str) -> Self {
        if self.site.dev {
            return self.header("X-User-Id", user);
        }
        let token = token(&Hmac256, user, None, self.site.seconds() + 3_600);
        self.bearer(&token)
    }

    /// As an admin.
    pub(crate) fn by_admin(self) -> Self {
        if self.site.dev {
            return self.by("the-admin").header("X-User-Role", "admin");
        }
        let token = token(&Hmac256, "the-admin", Some("admin"), self.site.seconds() + 3_600);
        self.bearer(&token)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("X-Idempotency-Key", key)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        // As bytes: a value need not be ASCII.
        self.request = self.request.header(name, value.as_bytes());
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// These bytes, as if they were JSON.
    pub(crate) fn raw(self, body: impl Into<Body>) -> Self {
        self.typed("application/json", body)
    }

    /// These bytes, under this content type.
    pub(crate) fn typed(self, content_type: &str, body: impl Into<Body>) -> Self {
        let mut call = self.header("Content-Type", content_type);
        call.request = call.request.body(body);
        call
    }

    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.request = self.request.form(fields);
        self
    }

    pub(crate) async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }

    /// To a server that may be gone.
    pub(crate) async fn try_send(self) -> Result<Answer, reqwest::Error> {
        Answer::read(self.request.send().await?).await
    }
}
