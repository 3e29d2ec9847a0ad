//! What must hold whatever happens: of the main job, of the limits, and of the state's book-keeping.

mod limits;
mod shop;
mod state;
