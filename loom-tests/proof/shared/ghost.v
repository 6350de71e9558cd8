(** The ghost state that all forms share: the abstract queue, and who may push.

    The abstract queue is a history: all links in the order of their exchanges, since the queue
    was made, and the number of those that have been popped. *)
From iris.proofmode Require Import proofmode.
From iris.bi.lib Require Import fractional.
From iris.base_logic.lib Require Import ghost_var.
From iris.unstable.base_logic Require Import mono_list.
From iris.heap_lang Require Import proofmode notation.
From iris.prelude Require Import options.

Class queueG Σ := QueueG {
  queue_viewG :> ghost_varG Σ (nat * bool);
  queue_historyG :> mono_listG loc Σ;
  queue_producersG :> ghost_varG Σ unit;
}.
Definition queueΣ : gFunctors :=
  #[ghost_varΣ (nat * bool); mono_listΣ loc; ghost_varΣ unit].
Global Instance subG_queueΣ {Σ} : subG queueΣ Σ → queueG Σ.
Proof. solve_inG. Qed.

(** The last two names are for the form, for what its consumer knows and for the states of its
    links. *)
Record queue_name := QueueName {
  view_name : gname;
  history_name : gname;
  producers_name : gname;
  consumer_name : gname;
  entries_name : gname;
}.

Section ghost.
  Context `{!queueG Σ}.
  Implicit Types (γ : queue_name) (h c : list loc) (k i : nat) (n : loc).

  (** The queue has seen the pushes [h], the first [k] of which have been popped; [parked] says
      that the consumer is parked and that no push has replaced its mark. One half of this
      belongs to the invariant of the form, the other half to the client. *)
  Definition queue γ h k (parked : bool) : iProp Σ :=
    ghost_var γ.(view_name) (1/2) (k, parked) ∗
    mono_list_auth_own γ.(history_name) (1/2) h ∗
    ⌜k ≤ length h⌝ ∗ ⌜parked = true → k = length h⌝.

  (** The push number [i] was that of the link [n]. True for ever, so it may be copied. *)
  Definition pushed γ i n : iProp Σ := mono_list_idx_own γ.(history_name) i n.

  (** A share of the permission to push. Each push holds one from its exchange to its end, so
      if a thread holds all of it, no push is in flight. *)
  Definition producer γ (f : Qp) : iProp Σ := ghost_var γ.(producers_name) f ().

  Global Instance queue_timeless γ h k parked : Timeless (queue γ h k parked).
  Proof. apply _. Qed.
  Global Instance pushed_timeless γ i n : Timeless (pushed γ i n).
  Proof. apply _. Qed.
  Global Instance pushed_persistent γ i n : Persistent (pushed γ i n).
  Proof. apply _. Qed.
  Global Instance producer_timeless γ f : Timeless (producer γ f).
  Proof. apply _. Qed.
  Global Instance producer_fractional γ : Fractional (producer γ).
  Proof. apply _. Qed.
  Global Instance producer_as_fractional γ f :
    AsFractional (producer γ f) (producer γ) f.
  Proof. split; [done|apply _]. Qed.

  Lemma queue_agree γ h k parked h' k' parked' :
    queue γ h k parked -∗ queue γ h' k' parked' -∗ ⌜h' = h ∧ k' = k ∧ parked' = parked⌝.
  Proof.
    iIntros "(Hv & Hh & _) (Hv' & Hh' & _)".
    iDestruct (ghost_var_agree with "Hv Hv'") as %[= -> ->].
    by iDestruct (mono_list_auth_own_agree with "Hh Hh'") as %[_ ->].
  Qed.

  Lemma queue_bounds γ h k parked :
    queue γ h k parked -∗ ⌜k ≤ length h ∧ (parked = true → k = length h)⌝.
  Proof. by iIntros "(_ & _ & % & %)". Qed.

  (** A pop or a change of the mark: the history stays. *)
  Lemma queue_view k' parked' γ h k parked h1 k1 parked1 :
    k' ≤ length h → (parked' = true → k' = length h) →
    queue γ h k parked -∗ queue γ h1 k1 parked1 ==∗
    queue γ h k' parked' ∗ queue γ h k' parked'.
  Proof.
    iIntros (??) "(Hv & Hh & _) (Hv' & Hh' & _)".
    iDestruct (mono_list_auth_own_agree with "Hh Hh'") as %[_ ->].
    iMod (ghost_var_update_halves (k', parked') with "Hv Hv'") as "[$ $]".
    by iFrame "Hh Hh'".
  Qed.

  (** An exchange appends to the history. *)
  Lemma queue_push c γ h k parked h1 k1 parked1 :
    queue γ h k parked -∗ queue γ h1 k1 parked1 ==∗
    queue γ (h ++ c) k false ∗ queue γ (h ++ c) k false.
  Proof.
    iIntros "(Hv & Hh & %Hk & _) (Hv' & Hh' & _)".
    iDestruct (mono_list_auth_own_agree with "Hh Hh'") as %[_ ->].
    iMod (ghost_var_update_halves (k, false) with "Hv Hv'") as "[$ $]".
    iCombine "Hh Hh'" as "Hh".
    iMod (mono_list_auth_own_update_app c with "Hh") as "[[$ $] _]".
    iPureIntro. rewrite app_length. split_and!; try done; lia.
  Qed.

  Lemma queue_pushed γ h k parked i n :
    h !! i = Some n → queue γ h k parked -∗ pushed γ i n.
  Proof.
    iIntros (Hi) "(_ & Hh & _)". iApply mono_list_idx_own_get; first done.
    by iApply mono_list_lb_own_get.
  Qed.

  Lemma pushed_lookup γ h k parked i n :
    queue γ h k parked -∗ pushed γ i n -∗ ⌜h !! i = Some n⌝.
  Proof.
    iIntros "(_ & Hh & _) Hi". by iApply (mono_list_auth_idx_lookup with "Hh Hi").
  Qed.

  Lemma pushed_agree γ i n n' : pushed γ i n -∗ pushed γ i n' -∗ ⌜n = n'⌝.
  Proof. iIntros "H H'". by iApply (mono_list_idx_agree with "H H'"). Qed.

  Lemma producer_whole γ f : producer γ 1 -∗ producer γ f -∗ False.
  Proof.
    iIntros "H H'". iDestruct (ghost_var_valid_2 with "H H'") as %[Hf _].
    by apply Qp.not_add_le_l in Hf.
  Qed.

  (** A new queue. [γc] and [γe] are names that the form has allocated. *)
  Lemma queue_alloc (γc γe : gname) :
    ⊢ |==> ∃ γ, ⌜γ.(consumer_name) = γc⌝ ∗ ⌜γ.(entries_name) = γe⌝ ∗
      queue γ [] 0 false ∗ queue γ [] 0 false ∗ producer γ 1.
  Proof.
    iMod (ghost_var_alloc (0, false)) as (γv) "[Hv Hv']".
    iMod (mono_list_own_alloc ([] : list loc)) as (γh) "[[Hh Hh'] _]".
    iMod (ghost_var_alloc ()) as (γp) "Hp".
    iModIntro. iExists (QueueName γv γh γp γc γe).
    rewrite /queue /producer /=. by iFrame.
  Qed.
End ghost.
Global Typeclasses Opaque queue pushed producer.
