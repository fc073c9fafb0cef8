mod create;
mod get;
mod webhook;
