//! What costs what: the steps of a request about a Wasm pod, each timed by itself in this process.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::runtime::Runtime;
use wit_extender::owner::StateHandle;
use wit_extender::verbs::reply;
use wit_extender::verbs::wire::{ExtenderArgs, Offered};
use wit_placement::{Candidate, FilterAnswer, LedgerEntry, PodRequest, answer_filter, answer_prioritize};
use wit_sources::cluster::convert;

use crate::body::Bodies;
use crate::figures::quantiles;
use crate::server::Server;

/// How often each step is timed.
const ROUNDS: usize = 200;

/// What one step of a verb takes.
pub(crate) struct Cost {
    pub(crate) verb: &'static str,
    pub(crate) step: &'static str,
    pub(crate) p50us: f64,
}

/// The steps so far with their times.
#[derive(Default)]
struct Steps(Vec<(&'static str, &'static str, Vec<Duration>)>);

impl Steps {
    fn time<T>(&mut self, verb: &'static str, step: &'static str, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let value = black_box(work());
        let took = started.elapsed();
        match self.0.iter_mut().find(|known| (known.0, known.1) == (verb, step)) {
            Some((_, _, times)) => times.push(took),
            None => self.0.push((verb, step, vec![took])),
        }
        value
    }
}

/// Times the steps of Filter and Prioritize.
pub(crate) fn measure(runtime: &Runtime, server: &Server, bodies: &Bodies) -> anyhow::Result<Vec<Cost>> {
    let mut steps = Steps::default();
    let pods: Vec<_> = bodies.wasm_pods().collect();
    for (_, body) in pods.iter().cycle().take(ROUNDS) {
        cycle(runtime, &server.state, body, &mut steps)?;
    }
    let cost =
        |(verb, step, mut times): (_, _, Vec<Duration>)| Cost { verb, step, p50us: quantiles(&mut times).0 };
    Ok(steps.0.into_iter().map(cost).collect())
}

fn cycle(runtime: &Runtime, handle: &StateHandle, body: &str, steps: &mut Steps) -> anyhow::Result<()> {
    const BOTH: &str = "both";
    let args: ExtenderArgs<'_> = steps.time(BOTH, "body: one pass", || serde_json::from_str(body))?;
    let head = steps.time(BOTH, "pod: its RuntimeClass", || args.head())?;
    black_box(head);
    let pod = steps.time(BOTH, "pod: decode and convert", || {
        let pod = serde_json::from_str(args.pod.get())?;
        anyhow::Ok(convert::pod(&pod)?.value)
    })?;
    let pod = PodRequest { key: pod.key, uid: pod.uid, workload: pod.workload, shape: pod.shape };
    let offered = steps.time(BOTH, "names: borrow", || args.offered())?;
    let (snapshot, now) = (handle.snapshot(), handle.now());
    let names = || offered.names().iter().map(Cow::as_ref);
    let candidates: Vec<Candidate> =
        steps.time(BOTH, "names: look up", || snapshot.state.candidates(names(), now));

    let answer = steps.time("filter", "judge", || answer_filter(&snapshot.state, &pod, &candidates, now));
    anyhow::ensure!(matches!(answer.ledger, LedgerEntry::Presume(_)), "nothing is presumed");
    steps.time("filter", "reply", || filter_reply(&offered, &answer));
    let entry = answer.ledger.clone();
    steps.time("filter", "ledger: there and back", || runtime.block_on(handle.enter(entry, pod.clone())))?;

    let snapshot = handle.snapshot();
    let answer =
        steps.time("prioritize", "score", || answer_prioritize(&snapshot.state, &pod, &candidates, now));
    let entry = answer.ledger.clone();
    steps.time("prioritize", "ledger: there and back", || {
        runtime.block_on(handle.enter(entry.clone(), pod.clone()))
    })?;
    let board = answer.board.context("no preference")?;
    steps.time("prioritize", "reply", || reply::prioritize(&offered, &board.scores));

    let mut state = steps.time("owner", "copy of the state", || snapshot.state.clone());
    steps.time("owner", "enter in the ledger", || entry.enter(&mut state, &pod, now));
    steps.time("owner", "drop of the copy", || drop(state));
    Ok(())
}

/// The reply to Filter, with a message of the usual length for every refused node.
fn filter_reply(offered: &Offered<'_>, answer: &FilterAnswer) -> Vec<u8> {
    let Some(judgement) = &answer.judgement else { return Vec::new() };
    let refused = judgement.codes.iter().enumerate().filter(|(_, codes)| codes.refuse());
    let code = judgement.codes.iter().find_map(|codes| codes.first_refusal());
    let message = code.map_or_else(String::new, |code| format!("{:?}", judgement.message(code)));
    let refused: Vec<_> = refused.map(|(place, _)| (place, message.as_str())).collect();
    reply::filter(offered, &answer.returned, &[], &refused)
}
