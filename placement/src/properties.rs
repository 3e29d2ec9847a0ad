//! What must hold whatever happens: of the main job, of the limits, of the state's book-keeping, and of what it keeps at hand.

mod describe;
mod kept;
mod limits;
mod shop;
mod state;
