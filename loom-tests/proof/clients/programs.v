(** The programs of the clients. They are built from the program of a form, and know nothing of the
    logic. *)
From mpsc_proof.shared Require Export tags.
From iris.prelude Require Import options.

(** The program of a form. *)
Record program := Program {
  new_of : val;
  push_chain_of : val;
  pop_of : val;
  park_of : val;
  unpark_of : val;
}.

(** ** The slot of a waker (mpsc/src/waking/slot.rs) *)

(** [WakerSlot::take] with [Handover::InGap]. The slot is the first cell. *)
Definition take_waker : val := λ: "slot",
  let: "waker" := ! "slot" in "slot" <- NONE;; "waker".

(** The states of a slot with [Handover::Late]. The index of the producers' cell is added to
    them. *)
Notation FREE := (LitV (LitInt 0)).
Notation FILLING := (LitV (LitInt 2)).
Notation TAKING := (LitV (LitInt 4)).
Notation REPLACED := (LitV (LitInt 6)).

(** The state lies before the two cells. *)
Definition new_late_slot : val := λ: <>,
  let: "slot" := AllocN #3 NONE in "slot" <- FREE;; "slot".

(** [take_from], and a store to a cell *)
Definition take_from : val := λ: "slot" "index",
  let: "cell" := "slot" +ₗ (#1 + "index") in
  let: "waker" := ! "cell" in "cell" <- NONE;; "waker".
Definition put : val := λ: "slot" "index" "waker", "slot" +ₗ (#1 + "index") <- "waker".

(** [change], whose loop begins with an index of 0. [InjL] is [Ok]. *)
Definition change : val := rec: "change" "slot" "from" "to" "index" :=
  let: "state" := CmpXchg "slot" ("from" + "index") ("to" + "index") in
  if: Snd "state" then InjL "index"
  else
    let: "index" := Fst "state" `rem` #2 in
    if: Fst "state" - "index" = "from" then "change" "slot" "from" "to" "index"
    else InjR (Fst "state").

(** [take_late], and its loop *)
Definition take_late_from : val := rec: "take" "slot" "index" :=
  let: "waker" := take_from "slot" "index" in
  if: CAS "slot" (TAKING + "index") (FREE + "index") then "waker"
  else
    put "slot" "index" "waker";;
    let: "other" := #1 - "index" in
    if: CAS "slot" (REPLACED + "index") (TAKING + "other") then "take" "slot" "other"
    else "take" "slot" "index".
Definition take_late : val := λ: "slot",
  match: change "slot" FREE TAKING #0 with
    InjL "index" => take_late_from "slot" "index"
  | InjR <> => NONE
  end.

(** [recall] *)
Definition recall : val := λ: "slot" "index",
  if: CAS "slot" (REPLACED + "index") (TAKING + "index") then
    take_from "slot" (#1 - "index");; #true
  else #false.

(** [lock] and [unlock] *)
Definition lock : val := rec: "lock" "slot" :=
  match: change "slot" FREE FILLING #0 with
    InjL "index" => InjL "index"
  | InjR "state" =>
      let: "index" := "state" `rem` #2 in
      if: "state" = TAKING + "index" then InjR "index"
      else if: recall "slot" "index" then InjR "index"
      else "lock" "slot"
  end.
Definition unlock : val := λ: "slot" "index", "slot" <- FREE + "index".

(** [replace]. Its [unwrap_unchecked] gets stuck if there is no waker. *)
Definition replace : val := λ: "slot" "index" "waker",
  let: "own" := #1 - "index" in
  put "slot" "own" (SOME "waker");;
  if: CAS "slot" (TAKING + "index") (REPLACED + "index") then InjL #()
  else
    match: take_from "slot" "own" with
      SOME "unused" => InjR "unused"
    | NONE => #() #()
    end.

(** [fill_late]. [#false] if a push is in the slot. *)
Definition fill_late : val := rec: "fill" "slot" "waker" :=
  match: lock "slot" with
    InjL "index" =>
      take_from "slot" "index";; take_from "slot" (#1 - "index");;
      put "slot" "index" (SOME "waker");;
      unlock "slot" "index";; #true
  | InjR "index" =>
      match: replace "slot" "index" "waker" with
        InjL <> => #false
      | InjR "unused" => "fill" "slot" "unused"
      end
  end.

(** [clear] *)
Definition clear_late : val := λ: "slot",
  match: lock "slot" with
    InjL "index" =>
      take_from "slot" "index";; take_from "slot" (#1 - "index");;
      unlock "slot" "index"
  | InjR <> => #()
  end.

(** ** Sleep *)

(** The consumer sleeps until the flag is set. *)
Definition sleep_until : val := rec: "sleep" "flag" :=
  if: ! "flag" then #() else "sleep" "flag".

(** A sleep that may also end for no reason: because of a time limit, or of the system. *)
Definition any_answer : val := λ: <>,
  let: "answer" := ref #false in Fork ("answer" <- #true);; ! "answer".
Definition sleep_at_most : val := rec: "sleep" "flag" :=
  if: ! "flag" then #() else if: any_answer #() then #() else "sleep" "flag".

(** ** The queue *)

Section programs.
  Context (F : program).

  (** [Queue::push_chain] *)
  Definition push_items : val := λ: "q" "oldest" "newest" "on_parked",
    push_chain_of F "q" "oldest" "newest" "on_parked".

  (** [Queue::push]: [Link::prepare], and then the push of a chain of one. *)
  Definition push_item : val := λ: "q" "n" "on_parked",
    "n" <- NULL;; push_items "q" "n" "n" "on_parked".

  (** [Consumer::pop], and what its guard of [park] does. *)
  Definition pop_item : val := λ: "q", pop_of F "q".
  Definition park_consumer : val := λ: "q", park_of F "q".
  Definition unpark_consumer : val := λ: "q", unpark_of F "q".

  (** [WakingQueue::push]. [take] is [WakerSlot::take] for the form. *)
  Definition push_and_wake (take : val) : val := λ: "q" "slot" "n",
    match: push_item "q" "n" (λ: <>, take "slot") with
      NONE => #()
    | SOME "taken" =>
        match: "taken" with NONE => #() | SOME "flag" => "flag" <- #true end
    end.

  (** [Receiver::recv]: fills the slot, parks, sleeps, unparks and looks again. *)
  Definition recv : val := rec: "recv" "q" "slot" :=
    match: pop_item "q" with
      InjR "n" => "n"
    | InjL "answer" =>
        if: "answer" = #0 then
          let: "flag" := ref #false in
          "slot" <- SOME "flag";;
          (if: park_consumer "q" then sleep_until "flag";; unpark_consumer "q" else #false);;
          "recv" "q" "slot"
        else "recv" "q" "slot"
    end.

  (** [Receiver::park_with] with [Handover::Late]. [#true]: the consumer is to sleep. *)
  Definition park_late : val := λ: "q" "slot" "flag",
    if: unpark_consumer "q" then
      if: fill_late "slot" "flag" then
        if: park_consumer "q" then #true else clear_late "slot";; #false
      else #true
    else #false.

  (** [Receiver::recv] with [Handover::Late] *)
  Definition recv_late : val := rec: "recv" "q" "slot" :=
    match: pop_item "q" with
      InjR "n" => "n"
    | InjL "answer" =>
        if: "answer" = #0 then
          let: "flag" := ref #false in
          (if: park_late "q" "slot" "flag" then sleep_at_most "flag" else #());;
          "recv" "q" "slot"
        else "recv" "q" "slot"
    end.

  (** [Queue::try_push] of a shared item: [SharedLink::set_queued], and a push if the flag was
      clear. The flag lies behind the value. [#false] is [AlreadyQueued]. *)
  Definition try_push_shared : val := λ: "q" "n",
    if: Xchg ("n" +ₗ #2) #true then #false
    else push_item "q" "n" (λ: <>, #());; #true.

  (** The pop of a shared item. Its last act is [SharedLink::clear_queued]. *)
  Definition pop_shared : val := λ: "q",
    match: pop_item "q" with
      InjR "n" => CmpXchg ("n" +ₗ #2) #true #false;; InjR "n"
    | InjL "answer" => InjL "answer"
    end.

  Definition new_item : val := λ: "value",
    let: "n" := AllocN #2 NULL in "n" +ₗ #1 <- "value";; "n".
  Definition value_of : val := λ: "n", ! ("n" +ₗ #1).

  (** Two producers send 1 and 2, and the consumer adds up. *)
  Definition sum (new_slot take recv : val) : val := λ: <>,
    let: "slot" := new_slot #() in
    let: "q" := new_of F #() in
    Fork (push_and_wake take "q" "slot" (new_item #1));;
    Fork (push_and_wake take "q" "slot" (new_item #2));;
    let: "x" := value_of (recv "q" "slot") in
    let: "y" := value_of (recv "q" "slot") in
    "x" + "y".
  Definition sum_by_recv : val := sum (λ: <>, ref NONE)%V take_waker recv.
  Definition sum_by_recv_late : val := sum new_late_slot take_late recv_late.
End programs.
