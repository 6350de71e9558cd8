(** The consumer's end of the forms whose pushes write their own link, as a program of HeapLang
    (mpsc/src/form/batch.rs, and [reverse] of mpsc/src/item/link.rs).

    A queue is five cells: [back], and the state of the batch. [gap] says whether the form has a
    gap; it is fixed when the program is written, as [F::STALL] is in the crate. *)
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

(** The fields of [batch::State] *)
Notation ready q := (BinOp OffsetOp q (Val (LitV (LitInt 1)))) (only parsing).
Notation walk_at q := (BinOp OffsetOp q (Val (LitV (LitInt 2)))) (only parsing).
Notation walk_turned q := (BinOp OffsetOp q (Val (LitV (LitInt 3)))) (only parsing).
Notation newest q := (BinOp OffsetOp q (Val (LitV (LitInt 4)))) (only parsing).

Definition new : val := λ: <>, AllocN #5 NULL.

(** [link::reverse] *)
Definition reverse_links : val := rec: "reverse" "before" "link" "last" :=
  let: "after" := ! "link" in
  "link" <- "before";;
  if: "link" = "last" then #() else "reverse" "link" "after" "last".

(** [Links::newest_first]: makes each link, which leads to the next newer one, lead to the next
    older one. *)
Definition newest_first : val := λ: "oldest" "newest",
  if: "oldest" = "newest" then #() else reverse_links NULL "oldest" "newest".

(** The content of an own link, for what was in [back]. *)
Definition below : val := λ: "prev", if: is_link "prev" then "prev" else BOTTOM.

(** [batch::turn]. Returns the oldest link, or where the walk stands if it meets a gap. *)
Definition turn (gap : bool) : val := rec: "turn" "at" "turned" :=
  let: "older" := ! "at" in
  if: #gap && ("older" = NULL) then InjL ("at", "turned")
  else
    "at" <- "turned";;
    if: "older" = BOTTOM then InjR "at" else "turn" "older" "at".

(** The second half of [batch::refill]: goes on with a walk. *)
Definition go_on (gap : bool) : val := λ: "q" "at" "turned",
  match: turn gap "at" "turned" with
    InjL "walk" =>
      walk_at "q" <- Fst "walk";; walk_turned "q" <- Snd "walk";; IS_STALLED
  | InjR "first" =>
      walk_at "q" <- NULL;; walk_turned "q" <- NULL;; ITEM "first"
  end.

(** [batch::refill] with [batch::take] *)
Definition refill (gap : bool) : val := λ: "q",
  let: "at" := ! (walk_at "q") in
  let: "turned" := ! (walk_turned "q") in
  if: "at" ≠ NULL then go_on gap "q" "at" "turned"
  else if: is_empty (! "q") then IS_EMPTY
  else
    let: "back" := Xchg "q" EMPTY in
    newest "q" <- "back";;
    go_on gap "q" "back" "turned".

(** The end of [batch::pop]: takes out the oldest link, which has been turned round. *)
Definition take_ready : val := λ: "q" "first",
  let: "next" := ! "first" in
  ready "q" <- "next";;
  (if: "next" = NULL then newest "q" <- NULL else #());;
  ITEM "first".

(** [batch::pop] *)
Definition pop (gap : bool) : val := λ: "q",
  let: "first" := ! (ready "q") in
  if: "first" ≠ NULL then take_ready "q" "first"
  else
    match: refill gap "q" with
      InjL "answer" => InjL "answer"
    | InjR "first" => take_ready "q" "first"
    end.

(** [RawQueue::park] with [Back::park]. If the mark is there already, it is made anew. *)
Definition park : val := λ: "q",
  if: ! (newest "q") ≠ NULL then #false
  else
    let: "back" := CmpXchg "q" EMPTY PARKED in
    if: Snd "back" then #true
    else if: Fst "back" = PARKED then CAS "q" PARKED PARKED else #false.

(** [RawQueue::unpark] with [Back::unpark] *)
Definition unpark : val := λ: "q",
  let: "back" := CmpXchg "q" PARKED EMPTY in
  if: Snd "back" then #true
  else if: Fst "back" = EMPTY then ! (newest "q") = NULL else #false.
