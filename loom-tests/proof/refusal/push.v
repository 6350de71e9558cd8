(** The refusal of the back-linked form: what pushes do to each other in a queue that is closed.

    A push that replaces [CLOSED] leads a set: its own links, and those that other pushes append
    until it exchanges [back] again, for [CLOSED]. It then walks over the set, and gives each link
    of the others away. This file is about [back] of a closed queue only; the consumer does not
    look at it any more. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.closing Require Import push.
From mpsc_proof.refusal Require Export code.
From iris.prelude Require Import options.

Class refusalG Σ := RefusalG {
  refusal_leaderG :> ghost_varG Σ (option (loc * Qp));
  refusal_unitG :> ghost_varG Σ unit;
}.
Definition refusalΣ : gFunctors := #[ghost_varΣ (option (loc * Qp)); ghost_varΣ unit].
Global Instance subG_refusalΣ {Σ} : subG refusalΣ Σ → refusalG Σ.
Proof. solve_inG. Qed.

Record refusal_name := RefusalName {
  leader_name : gname;
  pushers_name : gname;
}.

Section refusal.
  Context `{!heapGS Σ, !gap_freeG Σ, !refusalG Σ} (N : namespace).

  (** [P n]: what is pushed with the link [n]. *)
  Context (P : loc → iProp Σ).
  Implicit Types (γ : refusal_name) (q n oldest newest lead prev : loc) (c L : list loc)
    (f : Qp) (on_parked on_swept : val).

  Definition token (γt : gname) : iProp Σ := ghost_var γt 1 ().

  (** A share of the permission to push. *)
  Definition pusher γ f : iProp Σ := ghost_var γ.(pushers_name) f ().

  (** The own link of a push that is not refused. While the push is in its gap, it holds the first
      token; once the leader has taken the link, it leaves the second one. *)
  Definition cell (γg γt : gname) n prev : iProp Σ :=
    (n ↦ NULL ∗ P n) ∨ (n ↦ #prev ∗ P n ∗ token γg) ∨ (token γg ∗ token γt).

  (** A link of a set, which leads to [prev], or will do so. *)
  Definition late n prev : iProp Σ :=
    (n ↦ #prev ∗ P n) ∨ ∃ γg γt, inv (N .@ "cell") (cell γg γt n prev) ∗ token γt.

  (** The links [L] that have been appended to the link [prev]. *)
  Fixpoint late_set prev L : iProp Σ :=
    match L with [] => True | n :: L => late n prev ∗ late_set n L end.
  Definition newest_of prev L : loc := default prev (last L).

  (** [back] is [CLOSED], or the newest link of the set of one leader, which is identified by its
      newest own link. *)
  Definition refusal_inv γ q : iProp Σ :=
    (q ↦ CLOSED ∗ ghost_var γ.(leader_name) 1 None) ∨
    (∃ lead f L, q ↦ #(newest_of lead L) ∗ ghost_var γ.(leader_name) (1/2) (Some (lead, f)) ∗
       pusher γ f ∗ late_set lead L).
  Definition is_refusing γ q : iProp Σ := inv (N .@ "back") (refusal_inv γ q).

  (** What the caller does with the links that its push has swept. *)
  Definition sweeps on_swept : iProp Σ :=
    ∀ n, {{{ (∃ v : val, n ↦ v) ∗ P n }}} on_swept #n {{{ v, RET v; True }}}.

  Lemma refusal_alloc q E : q ↦ CLOSED ={E}=∗ ∃ γ, is_refusing γ q ∗ pusher γ 1.
  Proof.
    iIntros "Hq". iMod (ghost_var_alloc None) as (γl) "Hl". iMod (ghost_var_alloc ()) as (γp) "Hp".
    iMod (inv_alloc _ _ (refusal_inv (RefusalName γl γp) q) with "[Hq Hl]") as "#Hinv".
    { iNext. iLeft. by iFrame. }
    iModIntro. iExists _. by iFrame "∗#".
  Qed.

  Lemma newest_of_cons prev n L : newest_of prev (n :: L) = newest_of n L.
  Proof.
    destruct L as [|m L _] using rev_ind; first done.
    by rewrite /newest_of app_comm_cons !last_snoc.
  Qed.

  Lemma late_set_snoc prev L n :
    late_set prev (L ++ [n]) -∗ late_set prev L ∗ late n (newest_of prev L).
  Proof.
    iIntros "HL". iInduction L as [|m L] "IH" forall (prev); simpl.
    - by iDestruct "HL" as "[$ _]".
    - iDestruct "HL" as "[$ HL]". rewrite newest_of_cons. by iApply "IH".
  Qed.

  Lemma late_set_append prev L L' :
    late_set prev L -∗ late_set (newest_of prev L) L' -∗ late_set prev (L ++ L').
  Proof.
    iIntros "HL HL'". iInduction L as [|n L] "IH" forall (prev); first done. simpl.
    iDestruct "HL" as "[$ HL]". iApply ("IH" with "HL"). by rewrite newest_of_cons.
  Qed.

  (** A chain is a set that its owner has appended. *)
  Lemma late_set_chain prev c :
    own_links #prev (linked_entries c) -∗ ([∗ list] n ∈ c, P n) -∗ late_set prev c.
  Proof.
    iIntros "Hc HP". iInduction c as [|n c] "IH" forall (prev); first done. simpl.
    iDestruct "Hc" as "[Hn Hc]". iDestruct "HP" as "[HPn HP]".
    iSplitL "Hn HPn"; first (iLeft; by iFrame). by iApply ("IH" with "Hc HP").
  Qed.

  (** ** The two exchanges *)

  (** The first exchange: either the push leads a set, or it appends to one. *)
  Lemma exchange_spec γ q oldest newest c f :
    last (oldest :: c) = Some newest →
    is_refusing γ q -∗
    {{{ pusher γ f ∗ oldest ↦ NULL ∗ own_links #oldest (linked_entries c) ∗
        [∗ list] n ∈ oldest :: c, P n }}}
      Xchg #q #newest
    {{{ v, RET v;
        (⌜v = CLOSED⌝ ∗ ghost_var γ.(leader_name) (1/2) (Some (newest, f)) ∗
         oldest ↦ NULL ∗ own_links #oldest (linked_entries c) ∗ [∗ list] n ∈ oldest :: c, P n) ∨
        (∃ prev γg γt, ⌜v = #prev⌝ ∗ pusher γ f ∗
         inv (N .@ "cell") (cell γg γt oldest prev) ∗ token γg) }}}.
  Proof.
    iIntros (Hnewest) "#Hinv !>". iIntros (Φ) "(Hp & Ho & Hc & HP) HΦ".
    iInv (N .@ "back") as "[[>Hq >Hl]|(%lead & %f' & %L & >Hq & >Hl & >Hp' & HL)]".
    - wp_xchg. iMod (ghost_var_update (Some (newest, f)) with "Hl") as "[Hl Hl']".
      iModIntro. iSplitR "HΦ Ho Hc HP Hl'".
      { iNext. iRight. iExists newest, f, []. rewrite /newest_of /=. by iFrame. }
      iApply "HΦ". iLeft. by iFrame.
    - iMod (ghost_var_alloc ()) as (γg) "Hg". iMod (ghost_var_alloc ()) as (γt) "Ht".
      iDestruct "HP" as "[HPo HP]".
      iMod (inv_alloc (N .@ "cell") _ (cell γg γt oldest (newest_of lead L)) with "[Ho HPo]")
        as "#Hcell"; first (iNext; iLeft; by iFrame).
      wp_xchg. iModIntro. iSplitR "HΦ Hg Hp".
      { iNext. iRight. iExists lead, f', (L ++ oldest :: c).
        assert (newest_of lead (L ++ oldest :: c) = newest) as ->.
        { by rewrite /newest_of last_app Hnewest. }
        iFrame.
        iApply (late_set_append with "HL"). iSplitL "Ht"; first (iRight; iExists γg, γt; by iFrame).
        iApply (late_set_chain with "Hc HP"). }
      iApply "HΦ". iRight. iExists _, γg, γt. by iFrame "∗#".
  Qed.

  (** The second exchange of a leader: the set is its own. *)
  Lemma exchange_again_spec γ q lead f :
    is_refusing γ q -∗
    {{{ ghost_var γ.(leader_name) (1/2) (Some (lead, f)) }}} Xchg #q CLOSED
    {{{ L, RET #(newest_of lead L); pusher γ f ∗ late_set lead L }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "Hl HΦ".
    iInv (N .@ "back") as "[[>Hq >Hl']|(%lead' & %f' & %L & >Hq & >Hl' & >Hp & HL)]".
    { by iDestruct (ghost_var_agree with "Hl Hl'") as %?. }
    iDestruct (ghost_var_agree with "Hl Hl'") as %[= <- <-]. wp_xchg.
    iMod (ghost_var_update_halves None with "Hl Hl'") as "[Hl Hl']".
    iCombine "Hl Hl'" as "Hl". iModIntro. iSplitR "HΦ Hp HL".
    { iNext. iLeft. by iFrame. }
    iApply "HΦ". by iFrame.
  Qed.

  (** The store that ends the gap. *)
  Lemma store_own_spec γg γt n prev :
    inv (N .@ "cell") (cell γg γt n prev) -∗
    {{{ token γg }}} #n <- #prev {{{ RET #(); True }}}.
  Proof.
    iIntros "#Hcell !>" (Φ) "Hg HΦ".
    iInv (N .@ "cell") as "[[>Hn HP]|[(_ & _ & >Hg')|[>Hg' _]]]".
    2, 3: by iDestruct (ghost_var_valid_2 with "Hg Hg'") as %[? _].
    wp_store. iModIntro. iSplitR "HΦ"; last by iApply "HΦ".
    iNext. iRight. iLeft. by iFrame.
  Qed.

  (** ** The walk of a leader *)

  (** A link of the others is not one of the leader. *)
  Lemma late_distinct n prev own (v : val) :
    late n prev -∗ own ↦ v ={⊤}=∗ ⌜n ≠ own⌝ ∗ late n prev ∗ own ↦ v.
  Proof.
    iIntros "[[Hn HP]|(%γg & %γt & #Hcell & Ht)] Hown".
    { iDestruct (mapsto_ne with "Hn Hown") as %Hne. iModIntro. iSplit; first done.
      iFrame. iLeft. by iFrame. }
    iInv (N .@ "cell") as "[[>Hn HP]|[(>Hn & HP & Hg)|[_ >Ht']]]" "Hclose".
    - iDestruct (mapsto_ne with "Hn Hown") as %Hne.
      iMod ("Hclose" with "[Hn HP]") as "_"; first (iNext; iLeft; by iFrame).
      iModIntro. iSplit; first done. iFrame. iRight. iExists γg, γt. by iFrame.
    - iDestruct (mapsto_ne with "Hn Hown") as %Hne.
      iMod ("Hclose" with "[Hn HP Hg]") as "_"; first (iNext; iRight; iLeft; by iFrame).
      iModIntro. iSplit; first done. iFrame. iRight. iExists γg, γt. by iFrame.
    - by iDestruct (ghost_var_valid_2 with "Ht Ht'") as %[? _].
  Qed.

  (** The leader waits while the push of the link is in its gap; then the link is its own. *)
  Lemma wait_for_own_link_spec n prev :
    {{{ late n prev }}} wait_for_own_link #n {{{ RET #prev; n ↦ #prev ∗ P n }}}.
  Proof.
    iIntros (Φ) "Hn HΦ". iLöb as "IH". wp_lam.
    iDestruct "Hn" as "[[Hn HP]|(%γg & %γt & #Hcell & Ht)]".
    { wp_load. wp_pures. iApply "HΦ". by iFrame. }
    wp_bind (! _)%E. iInv (N .@ "cell") as "[[>Hn HP]|[(>Hn & HP & Hg)|[_ >Ht']]]".
    - wp_load. iModIntro. iSplitL "Hn HP"; first (iNext; iLeft; by iFrame).
      wp_pures. iApply ("IH" with "[Ht] HΦ"). iRight. iExists γg, γt. by iFrame.
    - wp_load. iModIntro. iSplitL "Hg Ht"; first (iNext; iRight; iRight; by iFrame).
      wp_pures. iApply "HΦ". by iFrame.
    - by iDestruct (ghost_var_valid_2 with "Ht Ht'") as %[? _].
  Qed.

  (** Each link of the set is swept once. *)
  Lemma discard_spec own L on_swept (v : val) :
    sweeps on_swept -∗
    {{{ late_set own L ∗ own ↦ v }}} discard #(newest_of own L) #own on_swept
    {{{ RET #(); own ↦ v }}}.
  Proof.
    iIntros "#Hswept !>" (Φ) "[HL Hown] HΦ".
    iInduction L as [|n L] "IH" using rev_ind.
    { wp_lam. wp_pures. rewrite bool_decide_true //. wp_pures. by iApply "HΦ". }
    iDestruct (late_set_snoc with "HL") as "[HL Hn]".
    iMod (late_distinct with "Hn Hown") as "(%Hne & Hn & Hown)".
    assert (newest_of own (L ++ [n]) = n) as -> by by rewrite /newest_of last_snoc.
    wp_lam. wp_pures.
    rewrite bool_decide_false; last congruence. wp_pures.
    wp_apply (wait_for_own_link_spec with "Hn"). iIntros "[Hn HP]". wp_pures.
    wp_apply ("Hswept" with "[Hn $HP]"); first by iExists _.
    iIntros (w) "_". wp_pures. iApply ("IH" with "HL Hown HΦ").
  Qed.

  (** ** The push *)

  (** In a closed queue, a push is refused and gets back what it was given; or it returns as if
      its items had been sent, and they belong to the push that leads the set: that one gives each
      of them to its [on_swept]. *)
  Theorem late_push_spec γ q oldest newest c f on_parked on_swept :
    c !! 0 = Some oldest → last c = Some newest →
    is_refusing γ q -∗ sweeps on_swept -∗
    {{{ pusher γ f ∗ own_chain c ∗ [∗ list] n ∈ c, P n }}}
      push_chain #q #oldest #newest on_parked on_swept
    {{{ r, RET r; pusher γ f ∗
        (⌜r = REFUSED⌝ ∗ handed_back c ∗ ([∗ list] n ∈ c, P n) ∨ ⌜r = PUSHED NONEV⌝) }}}.
  Proof.
    iIntros (Holdest Hnewest) "#Hinv #Hswept !>". iIntros (Φ) "(Hp & Hc & HP) HΦ".
    destruct c as [|? c]; first done. injection Holdest as ->.
    wp_lam. wp_pures. wp_apply (newest_first_spec with "Hc"); first done.
    iIntros "[Ho Hc]". wp_pures.
    wp_apply (exchange_spec with "Hinv [$Hp $Ho $Hc $HP]"); first done.
    iIntros (v) "[(-> & Hl & Ho & Hc & HP)|(%prev & %γg & %γt & -> & Hp & #Hcell & Hg)]";
      rewrite /code.is_link /is_empty; wp_pures.
    - wp_apply (exchange_again_spec with "Hinv Hl"). iIntros (L) "[Hp HL]". wp_pures.
      wp_apply (oldest_first_spec with "[$Ho $Hc]"); first done. iIntros "Hc". wp_pures.
      rewrite last_lookup in Hnewest.
      iDestruct (big_sepL_lookup_acc with "Hc") as "[(%v & Hown & %Hv) Hc]"; first done.
      wp_apply (discard_spec with "Hswept [$HL $Hown]"). iIntros "Hown". wp_pures.
      iApply "HΦ". iFrame "Hp". iLeft. iFrame "HP". iModIntro. iSplit; first done.
      iApply "Hc". iExists v. by iFrame.
    - wp_apply (store_own_spec with "Hcell Hg"). iIntros "_". wp_pures. iApply "HΦ".
      iFrame "Hp". by iRight.
  Qed.

  (** While no push is in flight, [back] is [CLOSED]. *)
  Theorem closed_restored γ q :
    is_refusing γ q -∗ {{{ pusher γ 1 }}} ! #q {{{ RET CLOSED; pusher γ 1 }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "Hp HΦ".
    iInv (N .@ "back") as "[[>Hq >Hl]|(%lead & %f' & %L & _ & _ & >Hp' & _)]".
    - wp_load. iModIntro. iSplitR "HΦ Hp"; last by iApply "HΦ". iNext. iLeft. by iFrame.
    - iDestruct (ghost_var_valid_2 with "Hp Hp'") as %[Hf _]. by apply Qp.not_add_le_l in Hf.
  Qed.
End refusal.
