(** What every form of the queue promises.

    One record states it, and each form is an instance. The clients (folder clients/) are
    proved from the record alone, so they hold for each form. *)
From iris.proofmode Require Import proofmode.
From iris.program_logic Require Export atomic.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.shared Require Export tags ghost chain.
From iris.prelude Require Import options.

Section commits.
  Context `{!heapGS Σ, !queueG Σ}.
  Implicit Types (N : namespace) (γ : queue_name) (D : nat → iProp Σ) (c : list loc).

  (** What push number [i] leaves in the queue for the consumer, apart from the link. Only the
      forms with a gap can pass it on: there the consumer cannot reach the link before the
      push has left it. *)
  Definition deposit (gap : bool) D (i : nat) : iProp Σ := if gap then D i else True%I.

  (** The client's view of a push of the chain [c]. At one moment, the exchange, [c] is appended
      to the history and the mark of a parked consumer is gone. Then, if there was a mark,
      [on_parked] runs. The push ends after that, and returns what [on_parked] returned. *)
  Definition push_commit N γ (gap : bool) D c f (on_parked : val) (Φ : val → iProp Σ) : iProp Σ :=
    AU << ∃∃ h k parked, queue γ h k parked >> @ ⊤ ∖ ↑N, ∅
       << queue γ (h ++ c) k false,
          COMM ([∗ list] j ↦ _ ∈ tail c, deposit gap D (S (length h + j))) ∗
               (if parked then
                  WP on_parked #()
                    {{ w, deposit gap D (length h) ∗ (producer γ f -∗ Φ (SOMEV w)) }}
                else deposit gap D (length h) ∗ (producer γ f -∗ Φ NONEV)) >>.

  (** The client of a pop may show a share of the permission to push, or none. *)
  Definition shown γ (share : option Qp) : iProp Σ :=
    if share is Some f then producer γ f else True%I.

  (** The queue after a pop with this answer, and what the answer says about the moment at which
      it was decided. [Item]: the link is the oldest one, and now the consumer's. [Empty]: every
      push so far has been popped. [Stalled]: there is a link, but a push is in flight,
      because the client cannot show the whole permission to push. *)
  Definition pop_result γ (gap : bool) D h k parked (share : option Qp) (a : answer) : iProp Σ :=
    match a with
    | Item n => ⌜h !! k = Some n⌝ ∗ queue γ h (S k) false ∗ (∃ v, n ↦ v) ∗ deposit gap D k
    | Empty => ⌜k = length h⌝ ∗ queue γ h k parked
    | Stalled => ⌜gap = true⌝ ∗ ⌜k < length h⌝ ∗ ⌜share ≠ Some 1%Qp⌝ ∗ queue γ h k parked
    end ∗ shown γ share.

  Definition popped_after (k : nat) (a : answer) : nat :=
    match a with Item _ => S k | _ => k end.
End commits.

Record mpsc (Σ : gFunctors) `{!heapGS Σ, !queueG Σ} := Mpsc {
  (** The program. *)
  new : val;
  push_chain : val;
  pop : val;
  park : val;
  unpark : val;

  (** Set if a push can be in its gap: then a pop can be stalled, and [on_parked] runs before
      the consumer can reach the link. *)
  has_gap : bool;

  (** The invariant. It may be copied: each thread that uses the queue has it. *)
  is_queue : namespace → queue_name → loc → (nat → iProp Σ) → iProp Σ;
  is_queue_persistent N γ q D : Persistent (is_queue N γ q D);

  (** The consumer's place, and how many links it has popped. There is one. *)
  consumer : queue_name → nat → iProp Σ;
  consumer_unique γ k k' : consumer γ k -∗ consumer γ k' -∗ False;

  new_spec N D :
    {{{ True }}} new #()
    {{{ q γ, RET #q;
        is_queue N γ q D ∗ queue γ [] 0 false ∗ consumer γ 0 ∗ producer γ 1 }}};

  push_chain_spec N γ q D (oldest newest : loc) c f (on_parked : val) Φ :
    c !! 0 = Some oldest → last c = Some newest →
    is_queue N γ q D -∗ producer γ f -∗ own_chain c -∗
    push_commit N γ has_gap D c f on_parked Φ -∗
    WP push_chain #q #oldest #newest on_parked {{ Φ }};

  pop_spec N γ (q : loc) D k Φ :
    is_queue N γ q D -∗ consumer γ k -∗
    AU << ∃∃ h k' parked share, queue γ h k' parked ∗ shown γ share >> @ ⊤ ∖ ↑N, ∅
       << ∀∀ a, ⌜k' = k⌝ ∗ pop_result γ has_gap D h k parked share a,
          COMM consumer γ (popped_after k a) -∗ Φ (answer_val a) >> -∗
    WP pop #q {{ Φ }};

  (** [park] succeeds if and only if the queue is empty, and then leaves the mark. *)
  park_spec N γ (q : loc) D k Φ :
    is_queue N γ q D -∗ consumer γ k -∗
    AU << ∃∃ h k' parked, queue γ h k' parked >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ queue γ h k (bool_decide (k = length h)),
          COMM consumer γ k -∗ Φ #(bool_decide (k = length h)) >> -∗
    WP park #q {{ Φ }};

  (** [unpark] removes the mark. It returns [false] if a push has replaced the mark. *)
  unpark_spec N γ (q : loc) D k Φ :
    is_queue N γ q D -∗ consumer γ k -∗
    AU << ∃∃ h k' parked, queue γ h k' parked >> @ ⊤ ∖ ↑N, ∅
       << ⌜k' = k⌝ ∗ queue γ h k false,
          COMM consumer γ k -∗ Φ #(bool_decide (k = length h)) >> -∗
    WP unpark #q {{ Φ }};
}.
Global Arguments new {_ _ _} _.
Global Arguments push_chain {_ _ _} _.
Global Arguments pop {_ _ _} _.
Global Arguments park {_ _ _} _.
Global Arguments unpark {_ _ _} _.
Global Arguments has_gap {_ _ _} _.
Global Arguments is_queue {_ _ _} _ N γ q D.
Global Arguments consumer {_ _ _} _ γ k.
Global Existing Instance is_queue_persistent.
