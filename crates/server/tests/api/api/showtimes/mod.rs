mod id;
mod list;
