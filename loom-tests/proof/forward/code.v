(** The forward-linked form as a program of HeapLang (mpsc/src/form/forward.rs and back.rs).

    A queue is two cells, [back] and [front]. A link is a cell, its [next]. *)
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

Notation front q := (BinOp OffsetOp q (Val (LitV (LitInt 1)))) (only parsing).

Definition new : val := λ: <>, AllocN #2 NULL.

(** [Forward::push]. [on_parked] runs in the gap. *)
Definition push_chain : val := λ: "q" "oldest" "newest" "on_parked",
  let: "prev" := Xchg "q" "newest" in
  if: is_link "prev" then
    "prev" <- "oldest";; NONE
  else
    let: "taken" := if: "prev" = PARKED then SOME ("on_parked" #()) else NONE in
    front "q" <- "oldest";; "taken".

(** [RawQueue::advance] *)
Definition advance : val := λ: "q" "first" "next",
  front "q" <- "next";; ITEM "first".

(** [Forward::pop] from the load of [next] on: [first] is the oldest link. *)
Definition pop_first : val := λ: "q" "first",
  let: "next" := ! "first" in
  if: "next" ≠ NULL then advance "q" "first" "next"
  else
    front "q" <- NULL;;
    if: CAS "q" "first" EMPTY then ITEM "first"
    else
      let: "next" := ! "first" in
      if: "next" ≠ NULL then advance "q" "first" "next"
      else front "q" <- "first";; IS_STALLED.

(** [Forward::pop] *)
Definition pop : val := λ: "q",
  let: "first" := ! (front "q") in
  if: "first" ≠ NULL then pop_first "q" "first"
  else if: is_empty (! "q") then IS_EMPTY
  else
    let: "first" := ! (front "q") in
    if: "first" ≠ NULL then pop_first "q" "first" else IS_STALLED.

(** [Back::park]. If the mark is there already, it is made anew. *)
Definition park : val := λ: "q",
  let: "back" := CmpXchg "q" EMPTY PARKED in
  if: Snd "back" then #true
  else if: Fst "back" = PARKED then CAS "q" PARKED PARKED else #false.

(** [RawQueue::unpark] with [Back::unpark] *)
Definition unpark : val := λ: "q",
  let: "back" := CmpXchg "q" PARKED EMPTY in
  if: Snd "back" then #true else Fst "back" = EMPTY.
