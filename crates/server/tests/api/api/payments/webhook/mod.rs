//! `POST /api/payments/webhook/{provider}`

mod authenticity;
mod body;
mod late;
mod order;
