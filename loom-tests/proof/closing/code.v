(** The gap-free form with its closing, as a program of HeapLang (mpsc/src/form/gap_free.rs,
    batch.rs and raw.rs).

    A queue is the five cells of the folder batch/, and [ConsumerEnd::closing]. What does not look
    at [CLOSED] is the same program as without closing: [take_ready], [go_on], [park], [unpark]. *)
From mpsc_proof.shared Require Export tags closing.
From mpsc_proof.batch Require Export code.
From iris.prelude Require Import options.

(** [ConsumerEnd::closing]: null while the queue is open; the newest link that the close found;
    [CLOSED] without one, or once the consumer has taken it. *)
Notation closing q := (BinOp OffsetOp q (Val (LitV (LitInt 5)))) (only parsing).

Definition new : val := λ: <>, AllocN #6 NULL.

(** [back::is_link] *)
Definition is_link : val := λ: "back", ~ (is_empty "back" || ("back" = CLOSED)).

(** [Links::oldest_first], the inverse of [newest_first] *)
Definition oldest_first : val := λ: "oldest" "newest",
  if: "oldest" = "newest" then #() else reverse_links NULL "newest" "oldest".

(** The loop of [Treiber::push]. Returns what the push has replaced, or [CLOSED]. *)
Definition publish : val := rec: "publish" "q" "oldest" "newest" "prev" :=
  if: "prev" = CLOSED then CLOSED
  else
    "oldest" <- (if: is_link "prev" then "prev" else BOTTOM);;
    let: "back" := CmpXchg "q" "prev" "newest" in
    if: Snd "back" then "prev" else "publish" "q" "oldest" "newest" (Fst "back").

(** [Queue::push_chain_with], with [Treiber::push] and [Queue::refuse] *)
Definition push_chain : val := λ: "q" "oldest" "newest" "on_parked",
  newest_first "oldest" "newest";;
  let: "prev" := publish "q" "oldest" "newest" (! "q") in
  if: "prev" = CLOSED then oldest_first "oldest" "newest";; REFUSED
  else if: "prev" = PARKED then InjR (SOME ("on_parked" #()))
  else InjR NONE.

(** [batch::take]: all links of the producers, or those that a close has found *)
Definition take : val := λ: "q",
  if: is_empty (! "q") then IS_EMPTY
  else
    let: "found" := ! (closing "q") in
    if: "found" = NULL then ITEM (Xchg "q" EMPTY)
    else
      closing "q" <- CLOSED;;
      if: "found" = CLOSED then IS_CLOSED else ITEM "found".

(** [batch::refill]. (There is no gap, so no walk is interrupted.) *)
Definition refill : val := λ: "q",
  let: "at" := ! (walk_at "q") in
  let: "turned" := ! (walk_turned "q") in
  if: "at" ≠ NULL then go_on false "q" "at" "turned"
  else
    match: take "q" with
      InjL "answer" => InjL "answer"
    | InjR "back" => newest "q" <- "back";; go_on false "q" "back" "turned"
    end.

(** [batch::pop] *)
Definition pop : val := λ: "q",
  let: "first" := ! (ready "q") in
  if: "first" ≠ NULL then take_ready "q" "first"
  else
    match: refill "q" with
      InjL "answer" => InjL "answer"
    | InjR "first" => take_ready "q" "first"
    end.

(** [RawQueue::close] *)
Definition close : val := λ: "q",
  if: ! (closing "q") ≠ NULL then #()
  else
    let: "back" := Xchg "q" CLOSED in
    closing "q" <- (if: is_link "back" then "back" else CLOSED).
