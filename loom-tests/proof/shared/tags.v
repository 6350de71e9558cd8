(** The values of the word [back] that are no links, and the answers of a pop.

    A link is a location of HeapLang, and its content is the field [next]. The tags are
    integers, as they are addresses that no link has in the crate (mpsc/src/form/back.rs). *)
From iris.heap_lang Require Export lang notation.
From iris.prelude Require Import options.

(** No link: the content of a [next] or a [front] that leads nowhere. *)
Notation NULL := (LitV (LitInt 0)).

(** The queue is empty and the consumer is awake. *)
Notation EMPTY := (LitV (LitInt 0)).

(** The queue is empty and the consumer is parked. *)
Notation PARKED := (LitV (LitInt 1)).

(** The [next] of the oldest link of a batch. *)
Notation BOTTOM := (LitV (LitInt 5)).

(** What a pop returns. *)
Inductive answer := Item (n : loc) | Empty | Stalled.

Definition answer_val (a : answer) : val :=
  match a with
  | Item n => InjRV #n
  | Empty => InjLV (LitV (LitInt 0))
  | Stalled => InjLV (LitV (LitInt 1))
  end.
Notation ITEM n := (InjR n).
Notation IS_EMPTY := (InjLV (LitV (LitInt 0))).
Notation IS_STALLED := (InjLV (LitV (LitInt 1))).

(** [back::is_empty] and [back::is_link] of the crate. *)
Definition is_empty : val := λ: "back", ("back" = EMPTY) || ("back" = PARKED).
Definition is_link : val := λ: "back", ~ (is_empty "back").

(** The content of [back] in an empty queue. *)
Definition mark (parked : bool) : val := if parked then PARKED else EMPTY.

(** The content of a [next] or [front] that leads to this link, if any. *)
Definition link_val (o : option loc) : val :=
  match o with Some n => #n | None => NULL end.
