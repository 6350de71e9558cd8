//! What happens to a connection when its time is up.

use std::time::{Duration, Instant};

use http::StatusCode;

use super::output::Output;
use super::stream::Stream;
use super::{Connection, NextStep, Phase};
use crate::metrics::Metric;
use crate::service::{CallResult, Service, timed_out};
use crate::wire::RequestError;

/// Time without data from the client after which nothing more is expected from it.
pub(super) const LINGER: Duration = Duration::from_secs(1);

impl<S: Stream> Connection<S> {
    /// Returns when [`on_deadline`](Self::on_deadline) must be called.
    pub(crate) fn deadline(&self, service: &Service) -> Option<Instant> {
        let config = &service.config;
        if let Phase::Lingering { since } = self.phase {
            let most = if service.is_closing {
                LINGER
            } else {
                config.send_timeout
            };
            let quiet = self.wait.since().checked_add(LINGER);
            return quiet.into_iter().chain(since.checked_add(most)).min();
        }
        if self.is_drained() {
            return self.wait.deadline(config);
        }
        let client = self.output.deadline(config.send_timeout);
        self.pipeline.deadline().into_iter().chain(client).min()
    }

    /// Ends the suspensions and the waits whose deadline has passed.
    pub(crate) fn on_deadline(&mut self, service: &mut Service) -> NextStep {
        let now = service.now;
        let body = self.incoming.as_ref().map_or(0, |it| it.body.len());
        self.wait.extend_body_deadline(body, now, &service.config);
        // A response starts the wait again, for the client to read it.
        self.end_suspensions(service, Metric::EndedTimedOut, |deadline| {
            deadline.is_some_and(|deadline| deadline <= now)
        });
        if self.try_send_again(service) == NextStep::Close {
            return NextStep::Close;
        }
        let deadline = self.deadline(service);
        if deadline.is_none_or(|deadline| deadline > now) {
            return self.drive(service);
        }
        if self.is_idle() {
            self.phase = Phase::Finishing;
        } else if self.phase == Phase::Open && self.output.is_empty() {
            let error = RequestError {
                status: StatusCode::REQUEST_TIMEOUT,
                reason: "request not received in time",
            };
            let head_only = self.is_head_request(self.incoming.as_deref());
            self.refuse(error, head_only, service);
        } else {
            return NextStep::Close; // the client does not close its half
        }
        self.drive(service)
    }

    /// Sends again what the socket refused, if that is due. Closes the connection if the client has
    /// accepted nothing in time.
    fn try_send_again(&mut self, service: &mut Service) -> NextStep {
        let (now, timeout) = (service.now, service.config.send_timeout);
        let is_due = |output: &Output| output.deadline(timeout).is_some_and(|due| due <= now);
        if !is_due(&self.output) {
            return NextStep::Wait;
        }
        if self.flush(service).is_err() {
            return NextStep::Close;
        }
        if is_due(&self.output) && self.output.refused(now, timeout) {
            service.counters().count(Metric::SendTimeouts);
            return NextStep::Close;
        }
        NextStep::Wait
    }

    /// Responds with 503 to the suspended requests whose deadline matches `is_over`.
    pub(super) fn end_suspensions(
        &mut self,
        service: &mut Service,
        cause: Metric,
        is_over: impl Fn(Option<Instant>) -> bool,
    ) {
        // From the newest, because a response removes at most the requests before it.
        for index in (0..self.pipeline.len()).rev() {
            if let Some(suspension) = self.pipeline.abandon(index, &is_over) {
                service.end_suspension(cause);
                let result = CallResult::Responded(timed_out());
                self.apply_result(index, suspension.message, result, service);
            }
        }
    }
}
