# Every step of CI has a name here, and so has what is done by hand. `just` alone lists them.
#
# Steps that compile always compile the whole workspace, because Cargo chooses the features of dependencies for what it is
# asked to build: with less than the workspace it would choose others and build the dependencies again.

set shell := ["bash", "-euo", "pipefail", "-c"]

target := env("CARGO_TARGET_DIR", "target")
shop_builder := "cargo run --quiet --locked --manifest-path extender/shop/builder/Cargo.toml --"

[private]
default:
    @just --list --unsorted

# Place the bundled shop on twelve nodes and keep serving
demo:
    cargo run --release --bin wit-extender -- demo

# The same, and no serving afterwards
demo-once:
    cargo run --release --locked --bin wit-extender -- demo --once

# Replay what is claimed about Wasm on Kubernetes; fails where a figure or a verdict has changed
scenarios:
    cargo run --release --locked --bin wit-sim -- scenarios

# Measure the tables of docs/truth.md again on the cluster M3 in ../shared; takes some minutes
truth:
    cargo build --release --locked --bin wit-sim
    cargo xtask truth {{ target }}/release/wit-sim

# Everything that needs Rust alone
test:
    cargo test --workspace --locked

# The real components in ../shared against the graph, the real clusters against the simulator
test-shared:
    cargo test --workspace --locked --features wit-e2e/shared --test shared_components --test shared_imports --test shared_traces

# A real control plane, scheduler and registry against the extender
e2e: control-plane
    cargo build --workspace --locked --bins --tests --features wit-e2e/control-plane
    cargo test --workspace --locked --features wit-e2e/control-plane --test harness --test scenarios

# The simulator against the real scheduler, pod by pod: the shop, and the cluster M3 in ../shared; takes some minutes
reality: control-plane
    cargo build --workspace --locked --bins --tests --features wit-e2e/control-plane,wit-e2e/shared
    cargo test --workspace --locked --features wit-e2e/control-plane,wit-e2e/shared --test reality -- --nocapture

# The same control plane with the shop, left up until Ctrl-C
up: control-plane
    cargo build --workspace --locked --bins --tests
    {{ target }}/debug/wit-e2e up

# Build kube-apiserver, kube-scheduler, kube-controller-manager, etcd and a registry; needs Go
control-plane:
    deploy/control-plane/build

# Formatting and clippy; warnings are errors
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# Write the generated pages of docs/
docs:
    cargo xtask docs

# Are the generated pages up to date, do links lead somewhere, is rustdoc without warnings?
docs-check:
    cargo test --workspace --locked --test house documents
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Versions, licences and sources of dependencies; needs cargo-deny
deny:
    cargo deny --locked check -D warnings bans licenses sources

# Known vulnerabilities of dependencies; fetches the advisory database, so it is no step of CI
deny-advisories:
    cargo deny --locked check advisories

# Dependencies that nothing uses, files that no module names; needs cargo-shear
unused:
    cargo shear --locked --deny-warnings

# Are the shop's components and images what its sources give, and do they answer an order? Needs clang and lld
shop-check:
    {{ shop_builder }} check
    {{ shop_builder }} run

# Make the shop's components and images again; needs clang and lld
shop-rebuild:
    extender/shop/rebuild

# Latency of filter and prioritize beside an extender that does nothing; pods a second of a replay beside kube-scheduler alone
bench:
    cargo bench --package wit-extender
    cargo bench --package wit-sim

# What CI runs
ci:
    bash .ci/run
