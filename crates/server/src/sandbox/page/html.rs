use std::fmt;

use super::super::delivery::Told;
use super::super::ledger::{Payment, Status};
use crate::url::HttpUrl;

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f2f3f7, #15161c) }
main { width: min(26rem, 90vw); padding: 2rem; border-radius: 1rem; background: light-dark(#fff, #20222b); box-shadow: 0 8px 40px #0002 }
h1 { margin: 0 0 .25rem; font-size: 1.1rem; font-weight: 600 }
.note { margin: 0 0 1.5rem; font-size: .85rem; opacity: .7 }
.amount { margin: 0 0 1.5rem; font-size: 2.2rem; font-weight: 700; font-variant-numeric: tabular-nums }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1.75rem; font-size: .9rem }
dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
form { display: flex; gap: .75rem }
button, .back { flex: 1; padding: .75rem 1rem; border: 0; border-radius: .6rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; background: light-dark(#e4e6ee, #343745); color: inherit }
.primary { background: #2f6fed; color: #fff }
.back { display: block; margin-top: 1rem }
";

/// The page on which the buyer decides.
pub(super) fn choice(payment: &Payment) -> String {
    let buttons = "<form method=\"post\">\
        <button class=\"primary\" name=\"action\" value=\"pay\">Pay</button>\
        <button name=\"action\" value=\"decline\">Decline</button></form>";
    whole("Pay for your seats", payment, buttons)
}

/// The page after the decision. `told`: whether the shop knows of it.
pub(super) fn outcome(payment: &Payment, told: Told) -> String {
    let (heading, action) = match payment.status {
        Status::Failed => ("Payment declined", "decline"),
        Status::Success => ("Payment received", "pay"),
        Status::Pending => ("Payment under way", "pay"),
    };
    let again = match told {
        Told::Yes => String::new(),
        Told::Later => "<p class=\"note\">The shop will be told.</p>".to_owned(),
        Told::No => format!(
            "<p class=\"note\">The shop could not be told.</p><form method=\"post\">\
             <button class=\"primary\" name=\"action\" value=\"{action}\">Tell it again</button></form>"
        ),
    };
    // Whoever opened the payment named the address: only web addresses become links.
    let back = payment.return_url.as_ref().and_then(|url| url.parse::<HttpUrl>().ok());
    let back = back.map_or_else(String::new, |url| {
        format!("<a class=\"back\" href=\"{}\">Back to the shop</a>", Escaped(url.as_str()))
    });
    whole(heading, payment, &format!("{again}{back}"))
}

fn whole(heading: &str, payment: &Payment, end: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{heading}</title><style>{STYLE}</style></head><body><main>\
         <h1>{heading}</h1><p class=\"note\">Sandbox: no money moves. The amount is in minor units.</p>\
         <p class=\"amount\">{amount} {currency}</p>\
         <dl><dt>For</dt><dd>{description}</dd><dt>With</dt><dd>{method}</dd>\
         <dt>Payment</dt><dd>{payment_id}</dd><dt>Transaction</dt><dd>{transaction_id}</dd></dl>\
         {end}</main></body></html>",
        amount = grouped(payment.amount),
        currency = Escaped(&payment.currency),
        description = Escaped(&payment.description),
        method = Escaped(&payment.method),
        payment_id = Escaped(&payment.reference),
        transaction_id = Escaped(&payment.transaction_id),
    )
}

/// An amount with its thousands apart, e.g. `300,000`.
fn grouped(amount: i64) -> String {
    let digits = amount.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b","[..])).into_owned()
}

/// Text that cannot become markup, between tags or in a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => fmt::Write::write_char(f, c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::ledger::Format;
    use super::*;

    fn payment(description: &str, return_url: &str) -> Payment {
        Payment {
            transaction_id: "TXN_1".to_owned(),
            amount: 300_000,
            description: description.to_owned(),
            return_url: Some(return_url.to_owned()),
            status: Status::Success,
            ..Payment::new(Format::Momo, "PAY_1")
        }
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            ["7", "300", "1,000", "12,345,678"],
            [7, 300, 1_000, 12_345_678].map(grouped)[..]
        );
    }

    #[test]
    fn nothing_a_caller_says_becomes_markup() {
        let page = choice(&payment("<script>alert('x')</script>", ""));
        assert!(!page.contains("<script>"));
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    }

    #[test]
    fn only_web_addresses_become_links() {
        let shown = |url: &str| outcome(&payment("seats", url), Told::Yes);
        assert!(
            shown("https://shop.example/?a=1&b=2")
                .contains("href=\"https://shop.example/?a=1&amp;b=2\"")
        );
        assert!(!shown("javascript:alert(1)").contains("href"));
    }
}
