mod hold;
mod id;
mod list;
