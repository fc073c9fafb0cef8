//! `POST /api/payments/webhook/{provider}`

mod asked;
mod authenticity;
mod body;
mod late;
mod order;
mod providers;
