//! The real program as a process of its own: killed, stopped, and set up.

mod demo;
mod events;
mod faults;
mod history;
mod kill;
mod logs;
mod reconcile;
mod rush;
mod settings;
mod simulate;
mod stop;
mod verify;
