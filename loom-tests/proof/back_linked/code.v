(** The push of the back-linked form as a program of HeapLang (mpsc/src/form/back_linked.rs). *)
From mpsc_proof.batch Require Export code.
From iris.prelude Require Import options.

(** [Backward::push]. [on_parked] runs in the gap. *)
Definition push_chain : val := λ: "q" "oldest" "newest" "on_parked",
  newest_first "oldest" "newest";;
  let: "prev" := Xchg "q" "newest" in
  if: is_link "prev" then
    "oldest" <- "prev";; NONE
  else
    let: "taken" := if: "prev" = PARKED then SOME ("on_parked" #()) else NONE in
    "oldest" <- BOTTOM;; "taken".
