//! What kube-scheduler calls: Filter and Prioritize.
//!
//! A request reads one snapshot. An ordinary pod's request is echoed before anything but its RuntimeClass is decoded.
//! What an answer lets us presume is in the ledger before the answer leaves, so that the next pod's request sees it: the
//! owner of the state enters it while the reply is written.

pub mod reply;
pub mod wire;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, web};
use k8s_openapi::api::core::v1;
use serde_json::{Value, json};
use wit_placement::reasons::{Code, Codes, Resolution};
use wit_placement::{
    Candidate, FilterAnswer, Judgement, LedgerEntry, Millis, NodeName, PodMode, PodRequest, answer_filter,
    answer_prioritize,
};
use wit_sources::cluster::convert;

use self::wire::{ExtenderArgs, Offered, PodHead};
use crate::decisions::{Answer, Decisions};
use crate::metrics::{Answered, Metrics};
use crate::owner::{OwnerGone, Snapshot, StateHandle};
use crate::waiting::Waiting;

/// What the verbs work with.
#[derive(Debug)]
pub struct Verbs {
    /// The state.
    pub state: StateHandle,
    /// The latest decisions.
    pub decisions: Arc<Decisions>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// A request that is not one; told to the scheduler as HTTP 400.
#[derive(Debug, thiserror::Error)]
enum BadRequest {
    #[error("the body cannot be read: {0}; requests.maxBodyBytes bounds its size")]
    Body(actix_web::Error),
    #[error("the body is not the JSON of a scheduler extender's arguments: {0}")]
    Arguments(#[source] serde_json::Error),
    #[error("a node of the request has no name: {0}")]
    Nodes(#[source] serde_json::Error),
    #[error("the request's pod is no pod: {0}")]
    Pod(#[source] serde_json::Error),
    #[error(transparent)]
    Stopping(#[from] OwnerGone),
    #[error("the request's pod cannot be placed: {0}")]
    Convert(#[from] convert::ConvertError),
}

/// A reply and how it came about.
struct Reply {
    body: Vec<u8>,
    answered: Answered,
}

/// The routes of the verbs below `/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v1/filter").route(web::post().to(filter)))
        .service(web::resource("/v1/prioritize").route(web::post().to(prioritize)));
}

async fn filter(body: Result<Bytes, actix_web::Error>, verbs: Data<Verbs>) -> HttpResponse {
    let started = Instant::now();
    let reply = match body {
        Ok(body) => verbs.filter(&body).await,
        Err(error) => Err(BadRequest::Body(error)),
    };
    verbs.respond("filter", reply, started)
}

async fn prioritize(body: Result<Bytes, actix_web::Error>, verbs: Data<Verbs>) -> HttpResponse {
    let started = Instant::now();
    let reply = match body {
        Ok(body) => verbs.prioritize(&body).await,
        Err(error) => Err(BadRequest::Body(error)),
    };
    verbs.respond("prioritize", reply, started)
}

impl Verbs {
    fn respond(&self, verb: &str, reply: Result<Reply, BadRequest>, started: Instant) -> HttpResponse {
        let (response, answered) = match reply {
            Ok(reply) => {
                (HttpResponse::Ok().content_type(ContentType::json()).body(reply.body), reply.answered)
            }
            Err(error) => {
                tracing::warn!(verb, "{error}");
                let status = match &error {
                    BadRequest::Body(error) => error.as_response_error().status_code(),
                    BadRequest::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::BAD_REQUEST,
                };
                (HttpResponse::build(status).json(json!({ "error": error.to_string() })), Answered::Error)
            }
        };
        self.metrics.request(verb, answered, started.elapsed());
        response
    }

    async fn filter(&self, body: &Bytes) -> Result<Reply, BadRequest> {
        let args: ExtenderArgs<'_> = serde_json::from_slice(body).map_err(BadRequest::Arguments)?;
        let head = args.head().map_err(BadRequest::Pod)?;
        let snapshot = self.snapshot_for(&head).await;
        let Some((pod, mode)) = wasm_pod(&snapshot, &args, &head, self.state.now())? else {
            return Ok(Reply { body: reply::echo(&args), answered: Answered::Ordinary });
        };
        let offered = args.offered().map_err(BadRequest::Nodes)?;
        let now = self.state.now();
        let candidates = snapshot.state.candidates(offered.names().iter().map(Cow::as_ref), now);
        let mut answer = answer_filter(&snapshot.state, &pod, &candidates, now);
        let entry = std::mem::replace(&mut answer.ledger, LedgerEntry::Unchanged);
        let told = async {
            if mode == PodMode::Steer {
                self.follow(entry, &pod, &answer, snapshot.admissions, &candidates, &offered).await?;
            }
            Ok::<_, OwnerGone>(())
        };
        let (told, reply) = tokio::join!(told, async { self.filter_reply(&args, &offered, &answer, mode) });
        told?;
        self.decisions.filtered(pod, mode, Answer { at: now, request: body.clone(), answer });
        Ok(reply)
    }

    /// A snapshot that knows the pod's RuntimeClass, or that the watch has not shown it yet.
    async fn snapshot_for(&self, head: &PodHead<'_>) -> Arc<Snapshot> {
        let snapshot = self.state.snapshot();
        match head.spec.runtime_class.as_deref() {
            Some(class) if !snapshot.state.has_heard_of_class(class) => {
                self.state.strange_class(class.to_owned()).await;
                self.state.snapshot()
            }
            _ => snapshot,
        }
    }

    fn filter_reply(
        &self,
        args: &ExtenderArgs<'_>,
        offered: &Offered<'_>,
        answer: &FilterAnswer,
        mode: PodMode,
    ) -> Reply {
        let Some(judgement) = &answer.judgement else {
            return Reply { body: reply::echo(args), answered: Answered::Ordinary };
        };
        if mode != PodMode::Steer {
            return Reply { body: reply::echo(args), answered: Answered::Observed };
        }
        let messages = self.count_refusals(judgement);
        let (mut failed, mut unresolvable) = (Vec::new(), Vec::new());
        for (place, codes) in judgement.codes.iter().enumerate() {
            let Some(code) = codes.first_refusal() else { continue };
            let Some(message) = messages.get(&code) else { continue };
            let evictable = code.reason().resolution == Resolution::Eviction;
            let refused = if evictable { &mut failed } else { &mut unresolvable };
            refused.push((place, message.as_str()));
        }
        let body = reply::filter(offered, &answer.returned, &failed, &unresolvable);
        Reply { body, answered: Answered::Decided }
    }

    /// Counts the refusals by code, and gives each code its message as a JSON string.
    fn count_refusals(&self, judgement: &Judgement) -> BTreeMap<Code, String> {
        let mut counts: BTreeMap<Code, u64> = BTreeMap::new();
        for code in judgement.codes.iter().filter_map(|codes| codes.first_refusal()) {
            *counts.entry(code).or_default() += 1;
        }
        for (code, nodes) in &counts {
            self.metrics.refused(*code, *nodes);
        }
        let message = |code| Value::from(judgement.message(code)).to_string();
        counts.into_keys().map(|code| (code, message(code))).collect()
    }

    /// Has the ledger hold what an answer lets us presume.
    async fn enter(&self, entry: LedgerEntry, pod: &PodRequest) -> Result<(), OwnerGone> {
        if matches!(entry, LedgerEntry::Unchanged) {
            return Ok(());
        }
        self.state.enter(entry, pod.clone()).await
    }

    /// Tells the owner of the state what the answer means for it.
    async fn follow(
        &self,
        entry: LedgerEntry,
        pod: &PodRequest,
        answer: &FilterAnswer,
        judged_after: u64,
        candidates: &[Candidate],
        offered: &Offered<'_>,
    ) -> Result<(), OwnerGone> {
        self.enter(entry, pod).await?;
        let Some(judgement) = &answer.judgement else { return Ok(()) };
        let strangers = candidates.iter().zip(offered.names());
        let strangers =
            strangers.filter(|(candidate, _)| **candidate == Candidate::Stranger { overdue: false });
        let strangers: Vec<_> = strangers.map(|(_, name)| NodeName::new(name.as_ref())).collect();
        if !strangers.is_empty() {
            self.state.strangers(strangers.clone()).await;
        }
        if answer.returned.is_empty() {
            let codes = judgement.codes.iter().fold(Codes::NONE, |all, codes| all.union(*codes));
            let reading_until = judgement.reading_until;
            let waiting = Waiting { pod: pod.clone(), codes, reading_until, strangers, judged_after };
            self.state.wait(waiting).await;
        }
        Ok(())
    }

    async fn prioritize(&self, body: &Bytes) -> Result<Reply, BadRequest> {
        let args: ExtenderArgs<'_> = serde_json::from_slice(body).map_err(BadRequest::Arguments)?;
        let head = args.head().map_err(BadRequest::Pod)?;
        let snapshot = self.state.snapshot();
        let none = |answered| Ok(Reply { body: reply::NO_SCORES.into(), answered });
        let now: Millis = self.state.now();
        let Some((pod, mode)) = wasm_pod(&snapshot, &args, &head, now)? else {
            return none(Answered::Ordinary);
        };
        let offered = args.offered().map_err(BadRequest::Nodes)?;
        let candidates = snapshot.state.candidates(offered.names().iter().map(Cow::as_ref), now);
        let mut answer = answer_prioritize(&snapshot.state, &pod, &candidates, now);
        let entry = std::mem::replace(&mut answer.ledger, LedgerEntry::Unchanged);
        let body_out = if mode == PodMode::Steer {
            let scores = answer.board.as_ref().map_or(&[][..], |board| &board.scores);
            let (told, body) =
                tokio::join!(self.enter(entry, &pod), async { reply::prioritize(&offered, scores) });
            told?;
            body
        } else {
            reply::NO_SCORES.into()
        };
        let answered = if mode == PodMode::Steer { Answered::Decided } else { Answered::Observed };
        self.decisions.prioritized(pod, mode, Answer { at: now, request: body.clone(), answer });
        Ok(Reply { body: body_out, answered })
    }
}

/// The request's pod, if it is a Wasm pod that we are to look at, and how.
fn wasm_pod(
    snapshot: &Snapshot,
    args: &ExtenderArgs<'_>,
    head: &PodHead<'_>,
    now: Millis,
) -> Result<Option<(PodRequest, PodMode)>, BadRequest> {
    let state = &snapshot.state;
    let class = head.spec.runtime_class.as_deref();
    if state.wasm_handler(class).is_none() && state.class_unread_until(class, now).is_none() {
        return Ok(None);
    }
    let pod: v1::Pod = serde_json::from_str(args.pod.get()).map_err(BadRequest::Pod)?;
    let pod = convert::pod(&pod)?.value;
    let mode = pod.shape.mode.unwrap_or_else(|| PodMode::from(state.settings().mode));
    let request = PodRequest { key: pod.key, uid: pod.uid, workload: pod.workload, shape: pod.shape };
    Ok((mode != PodMode::Ignore).then_some((request, mode)))
}
