(** The back-linked push with its refusal, as a program of HeapLang (mpsc/src/form/back_linked.rs
    and [Queue::refuse] of mpsc/src/queue.rs). *)
From mpsc_proof.closing Require Export code.
From iris.prelude Require Import options.

(** [back_linked::wait_for_own_link] *)
Definition wait_for_own_link : val := rec: "wait" "link" :=
  let: "next" := ! "link" in
  if: "next" = NULL then "wait" "link" else "next".

(** The iterator of [Backward::sweep], which [Queue::discard] uses up: gives [on_swept] each link
    from the newest one that the second exchange has got to the one before [own]. *)
Definition discard : val := rec: "discard" "at" "own" "on_swept" :=
  if: "at" = "own" then #()
  else
    let: "next" := wait_for_own_link "at" in
    "on_swept" "at";;
    "discard" "next" "own" "on_swept".

(** [Queue::push_chain_with], with [Backward::push], [Backward::sweep] and [Queue::refuse]. *)
Definition push_chain : val := λ: "q" "oldest" "newest" "on_parked" "on_swept",
  newest_first "oldest" "newest";;
  let: "prev" := Xchg "q" "newest" in
  if: is_link "prev" then
    "oldest" <- "prev";; InjR NONE
  else if: "prev" = CLOSED then
    let: "swept" := Xchg "q" CLOSED in
    oldest_first "oldest" "newest";;
    discard "swept" "newest" "on_swept";;
    REFUSED
  else
    let: "taken" := if: "prev" = PARKED then SOME ("on_parked" #()) else NONE in
    "oldest" <- BOTTOM;; InjR "taken".
