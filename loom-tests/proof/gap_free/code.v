(** The push of the gap-free form as a program of HeapLang (mpsc/src/form/gap_free.rs). *)
From mpsc_proof.batch Require Export code.
From iris.prelude Require Import options.

(** The loop of [Treiber::push]. The compare-exchange of HeapLang does not fail spuriously. *)
Definition publish : val := rec: "publish" "q" "oldest" "newest" "prev" :=
  "oldest" <- below "prev";;
  let: "back" := CmpXchg "q" "prev" "newest" in
  if: Snd "back" then "prev" else "publish" "q" "oldest" "newest" (Fst "back").

(** [Treiber::push]. [on_parked] runs after the links are in place. *)
Definition push_chain : val := λ: "q" "oldest" "newest" "on_parked",
  newest_first "oldest" "newest";;
  let: "prev" := publish "q" "oldest" "newest" (! "q") in
  if: "prev" = PARKED then SOME ("on_parked" #()) else NONE.
