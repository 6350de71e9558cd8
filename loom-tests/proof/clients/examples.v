(** Whole programs, run from an empty heap: two producers send the numbers 1 and 2, and the
    consumer adds up what it receives.

    That the result is 3 in every execution needs all of the specification: each item comes out,
    once, with its payload. And it shows that the specification can be used at all. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import ghost_var.
From iris.heap_lang Require Import adequacy proofmode notation.
From mpsc_proof.clients Require Import channel waking.
From mpsc_proof.forward Require invariant form.
From mpsc_proof.batch Require invariant.
From mpsc_proof.back_linked Require form.
From mpsc_proof.gap_free Require form.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section program.
  Context `{!heapGS Σ, !queueG Σ, !channelG Σ} (F : mpsc Σ).

  Local Notation poll := (programs.poll (program_of F)).
  Local Notation sum_by_recv := (programs.sum_by_recv (program_of F)).
  Local Notation sum_by_poll := (programs.sum_by_poll (program_of F)).

  (** The payload of each number is a token that exists once. *)
  Definition number (γ1 γ2 : gname) (n : loc) (v : val) : iProp Σ :=
    (⌜v = #1⌝ ∗ ghost_var γ1 1 ()) ∨ (⌜v = #2⌝ ∗ ghost_var γ2 1 ()).

  Lemma number_twice γ1 γ2 n m v w :
    number γ1 γ2 n v -∗ number γ1 γ2 m w -∗
    ⌜(v = #1 ∧ w = #2) ∨ (v = #2 ∧ w = #1)⌝.
  Proof.
    iIntros "[[-> H1]|[-> H2]] [[-> H1']|[-> H2']]"; auto.
    - by iDestruct (ghost_var_valid_2 with "H1 H1'") as %[? _].
    - by iDestruct (ghost_var_valid_2 with "H2 H2'") as %[? _].
  Qed.

  Lemma new_item_spec (P : loc → val → iProp Σ) v :
    {{{ ∀ n, P n v }}} new_item v {{{ n, RET #n; item P n v }}}.
  Proof.
    iIntros (Φ) "HP HΦ". wp_lam. wp_alloc n as "Hn"; first lia.
    iDestruct (array_cons with "Hn") as "[Hlink Hn]".
    iDestruct (array_cons with "Hn") as "[Hvalue _]".
    wp_pures. wp_store. iApply "HΦ". iModIntro.
    iSplitL "Hlink"; first by iExists _. iFrame. iApply "HP".
  Qed.

  Lemma value_of_spec (P : loc → val → iProp Σ) n v :
    {{{ item P n v }}} value_of #n {{{ RET v; P n v }}}.
  Proof. iIntros (Φ) "[_ [Hv HP]] HΦ". wp_lam. wp_pures. wp_load. by iApply "HΦ". Qed.

  (** What the consumer adds up. *)
  Lemma add_up γ1 γ2 n m v w :
    number γ1 γ2 n v -∗ number γ1 γ2 m w -∗ WP v + w {{ r, ⌜r = #3⌝ }}.
  Proof.
    iIntros "Hv Hw". iDestruct (number_twice with "Hv Hw") as %[[-> ->]|[-> ->]]; by wp_pures.
  Qed.

  Lemma sum_by_recv_spec : has_gap F = true → ⊢ WP sum_by_recv #() {{ v, ⌜v = #3⌝ }}.
  Proof.
    iIntros (Hgap). wp_lam. wp_alloc slot as "Hslot". wp_pures.
    iMod (ghost_var_alloc ()) as (γ1) "H1". iMod (ghost_var_alloc ()) as (γ2) "H2".
    set (P := number γ1 γ2). set (N := nroot .@ "channel").
    wp_apply (new_channel_spec F N P (filled N slot) (emptied slot) woken with "[//]").
    iIntros (q γ) "(#Hchan & Hr & [Hp1 Hp2] & [Hs1 Hs2])".
    wp_pures. wp_apply (wp_fork with "[H1 Hp1 Hs1]").
    { iNext. wp_apply (new_item_spec P #1 with "[H1]"); first by iIntros (n); iLeft; iFrame.
      iIntros (n) "Hn".
      wp_apply (push_and_wake_spec F N P slot γ q n #1 _ 0 with "Hchan [] [$Hn $Hp1 $Hs1]");
        [by iLeft|by auto]. }
    wp_pures. wp_apply (wp_fork with "[H2 Hp2 Hs2]").
    { iNext. wp_apply (new_item_spec P #2 with "[H2]"); first by iIntros (n); iRight; iFrame.
      iIntros (n) "Hn".
      wp_apply (push_and_wake_spec F N P slot γ q n #2 _ 0 with "Hchan [] [$Hn $Hp2 $Hs2]");
        [by iLeft|by auto]. }
    wp_pures. wp_apply (recv_spec with "Hchan [$Hr Hslot]"); [done|by iExists _|].
    iIntros (n) "(%v & _ & Hv & Hr & Hslot)". wp_apply (value_of_spec with "Hv"). iIntros "Hv".
    wp_pures. wp_apply (recv_spec with "Hchan [$Hr $Hslot]"); first done.
    iIntros (m) "(%w & _ & Hw & _ & _)". wp_apply (value_of_spec with "Hw"). iIntros "Hw".
    wp_let. iApply (add_up γ1 γ2 n m with "Hv Hw").
  Qed.

  (** Without a waker: nothing is left at a park, and [on_parked] does nothing. *)
  Notation polled N P := (is_channel F N P (λ _, True)%I True%I (λ _, True)%I).

  Lemma poll_spec N P γ q k :
    polled N P γ q -∗
    {{{ receiver F γ k Awake }}} poll #q
    {{{ n, RET #n; ∃ v, item P n v ∗ receiver F γ (S k) Awake }}}.
  Proof.
    iIntros "#Hchan !>" (Φ) "Hr HΦ". iLöb as "IH". wp_lam.
    wp_apply (pop_item_spec _ _ _ _ _ _ γ q k 0 Awake None with "Hchan [] [$Hr]"); first by iLeft.
    iIntros (a) "[_ Ha]". destruct a as [n| |]; wp_pures.
    - iDestruct "Ha" as (v) "(_ & Hn & Hr & _)". iApply "HΦ". iExists v. by iFrame.
    - iDestruct "Ha" as "[_ Hr]". iApply ("IH" with "Hr HΦ").
    - iDestruct "Ha" as "(_ & _ & Hr)". iApply ("IH" with "Hr HΦ").
  Qed.

  Lemma push_quietly_spec N P γ q n v f :
    polled N P γ q -∗ sender γ f -∗ item P n v -∗
    WP programs.push_item (program_of F) #q #n (λ: <>, #())%V {{ _, True }}.
  Proof.
    iIntros "#Hchan Hs Hn".
    wp_apply (push_item_spec _ _ _ _ _ _ γ q n v f 0 _ (λ _ _, True)%I
      with "Hchan [] [$Hs $Hn]"); [by iLeft| |by auto].
    iIntros (w) "_". wp_pures. rewrite /back_in_gap. by destruct (has_gap F).
  Qed.

  Lemma sum_by_poll_spec : ⊢ WP sum_by_poll #() {{ v, ⌜v = #3⌝ }}.
  Proof.
    iStartProof. wp_lam.
    iMod (ghost_var_alloc ()) as (γ1) "H1". iMod (ghost_var_alloc ()) as (γ2) "H2".
    set (P := number γ1 γ2). set (N := nroot .@ "channel").
    wp_apply (new_channel_spec F N P (λ _, True)%I True%I (λ _, True)%I with "[//]").
    iIntros (q γ) "(#Hchan & Hr & [Hp1 Hp2] & [Hs1 Hs2])".
    wp_pures. wp_apply (wp_fork with "[H1 Hp1 Hs1]").
    { iNext. wp_pures.
      wp_apply (new_item_spec P #1 with "[H1]"); first by iIntros (n); iLeft; iFrame.
      iIntros (n) "Hn". wp_bind (programs.push_item _ _ _ _).
      iApply (wp_wand with "[Hn Hp1 Hs1]").
      { iApply (push_quietly_spec with "Hchan [$Hp1 $Hs1] Hn"). }
      iIntros (v) "_". by wp_pures. }
    wp_pures. wp_apply (wp_fork with "[H2 Hp2 Hs2]").
    { iNext. wp_pures.
      wp_apply (new_item_spec P #2 with "[H2]"); first by iIntros (n); iRight; iFrame.
      iIntros (n) "Hn". wp_bind (programs.push_item _ _ _ _).
      iApply (wp_wand with "[Hn Hp2 Hs2]").
      { iApply (push_quietly_spec with "Hchan [$Hp2 $Hs2] Hn"). }
      iIntros (v) "_". by wp_pures. }
    wp_pures. wp_apply (poll_spec with "Hchan Hr").
    iIntros (n) "(%v & Hv & Hr)". wp_apply (value_of_spec with "Hv"). iIntros "Hv".
    wp_pures. wp_apply (poll_spec with "Hchan Hr").
    iIntros (m) "(%w & Hw & _)". wp_apply (value_of_spec with "Hw"). iIntros "Hw".
    wp_let. iApply (add_up γ1 γ2 n m with "Hv Hw").
  Qed.
End program.

(** ** The three forms *)

Definition forward_exampleΣ : gFunctors :=
  #[heapΣ; forward.invariant.forwardΣ; channelΣ].
Definition batch_exampleΣ : gFunctors := #[heapΣ; batch.invariant.batchΣ; channelΣ].


(** The programs of the forms. *)
Definition forward_program : program :=
  Program forward.code.new forward.code.push_chain forward.code.pop
    forward.code.park forward.code.unpark.
Definition back_program : program :=
  Program batch.code.new back_linked.code.push_chain (batch.code.pop true)
    batch.code.park batch.code.unpark.
Definition gap_free_program : program :=
  Program batch.code.new gap_free.code.push_chain (batch.code.pop false)
    batch.code.park batch.code.unpark.

(** From any state of the heap, in any interleaving: no thread gets stuck, and if the main
    thread ends, its result is 3. *)
Theorem forward_linked_sum σ :
  adequate NotStuck (sum_by_recv forward_program #()) σ (λ v _, v = #3).
Proof.
  apply (heap_adequacy forward_exampleΣ). iIntros (?) "_".
  by iApply (sum_by_recv_spec forward.form.forward_linked).
Qed.

Theorem back_linked_sum σ :
  adequate NotStuck (sum_by_recv back_program #()) σ (λ v _, v = #3).
Proof.
  apply (heap_adequacy batch_exampleΣ). iIntros (?) "_".
  by iApply (sum_by_recv_spec back_linked.form.back_linked).
Qed.

Theorem gap_free_sum σ :
  adequate NotStuck (sum_by_poll gap_free_program #()) σ (λ v _, v = #3).
Proof.
  apply (heap_adequacy batch_exampleΣ). iIntros (?) "_".
  iApply (sum_by_poll_spec gap_free.form.gap_free).
Qed.
