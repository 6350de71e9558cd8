(** The refusal of the back-linked form: what pushes do to each other in a queue that is closed.

    A push that replaces [CLOSED] leads a set: its own links, and those that other pushes append
    until it exchanges [back] again, for [CLOSED]. It then walks over the set, and gives each link
    of the others away. This file is about [back] of a closed queue only; the consumer does not
    look at it any more. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.unstable.base_logic Require Import mono_list.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.closing Require Import push.
From mpsc_proof.refusal Require Export code.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Class refusalG Σ := RefusalG {
  refusal_leaderG :> ghost_varG Σ (option (loc * Qp));
  refusal_unitG :> ghost_varG Σ unit;
  refusal_appendedG :> mono_listG val Σ;
  refusal_unsweptG :> ghost_mapG Σ nat (val * Qp);
}.
Definition refusalΣ : gFunctors :=
  #[ghost_varΣ (option (loc * Qp)); ghost_varΣ unit; mono_listΣ val; ghost_mapΣ nat (val * Qp)].
Global Instance subG_refusalΣ {Σ} : subG refusalΣ Σ → refusalG Σ.
Proof. solve_inG. Qed.

Record refusal_name := RefusalName {
  leader_name : gname;
  pushers_name : gname;
  appended_name : gname;
  unswept_name : gname;
}.

(** What is left of a share of which half was given away [j] times. *)
Fixpoint half (j : nat) (f : Qp) : Qp := match j with 0 => f | S j => half j f / 2 end.

Lemma half_twice j f : (half (S j) f + half (S j) f = half j f)%Qp.
Proof. apply Qp.div_2. Qed.

Section refusal.
  Context `{!heapGS Σ, !gap_freeG Σ, !refusalG Σ} (N : namespace).

  (** [P n v]: what is pushed with the link [n]; [v] is its value, or another name for it that the
      client has chosen. [Swept v]: the caller of a refused push has got rid of [v]. *)
  Context (P : loc → val → iProp Σ) (Swept : val → iProp Σ).
  Context `{!∀ v, Persistent (Swept v), !∀ v, Timeless (Swept v)}.
  Implicit Types (γ : refusal_name) (q n oldest newest lead prev : loc) (c : list loc)
    (L : list (loc * val)) (i j : nat) (f : Qp) (v : val) (on_parked on_swept : val).

  Definition token (γt : gname) : iProp Σ := ghost_var γt 1 ().

  (** A share of the permission to push. *)
  Definition pusher γ f : iProp Σ := ghost_var γ.(pushers_name) f ().

  (** A push that was not refused has left [v] in a set. *)
  Definition appended γ v : iProp Σ := ∃ i, mono_list_idx_own γ.(appended_name) i v.

  (** ** The links of the others in a set *)

  (** The own link of a push that is not refused. While the push is in its gap, it holds the first
      token; once the leader has taken the link, it leaves the second one. *)
  Definition cell (γg γt : gname) n prev v : iProp Σ :=
    (n ↦ NULL ∗ P n v) ∨ (n ↦ #prev ∗ P n v ∗ token γg) ∨ (token γg ∗ token γt).

  (** A link of a set, which leads to [prev], or will do so. *)
  Definition late n prev v : iProp Σ :=
    (n ↦ #prev ∗ P n v) ∨ ∃ γg γt, inv (N .@ "cell") (cell γg γt n prev v) ∗ token γt.

  (** The right to sweep [v], for which the leader has left a share of its permission. *)
  Definition unswept γ v f : iProp Σ := ∃ i, i ↪[γ.(unswept_name)] (v, f).

  (** The links [L] that have been appended to the link [prev]. [f] is the leader's share of the
      permission, and [j] the number of the links before. *)
  Fixpoint late_set γ f j prev L : iProp Σ :=
    match L with
    | [] => True
    | (n, v) :: L => late n prev v ∗ unswept γ v (half (S j) f) ∗ late_set γ f (S j) n L
    end.
  Definition newest_of prev L : loc := default prev (last L.*1).

  (** All that has been appended: it has been swept, or the permission to push is not whole. *)
  Definition ledger γ : iProp Σ :=
    ∃ (vs : list val) (M : gmap nat (val * Qp)),
      mono_list_auth_own γ.(appended_name) 1 vs ∗ ghost_map_auth γ.(unswept_name) 1 M ∗
      ([∗ map] x ∈ M, pusher γ x.2) ∗
      ([∗ list] i ↦ v ∈ vs, ⌜∃ f, M !! i = Some (v, f)⌝ ∨ Swept v) ∗
      ⌜∀ i, length vs ≤ i → M !! i = None⌝.

  (** [back] is [CLOSED], or the newest link of the set of one leader, which is identified by its
      newest own link. *)
  Definition refusal_inv γ q : iProp Σ :=
    ledger γ ∗
    ((q ↦ CLOSED ∗ ghost_var γ.(leader_name) 1 None) ∨
     (∃ lead f L, q ↦ #(newest_of lead L) ∗ ghost_var γ.(leader_name) (1/2) (Some (lead, f)) ∗
        pusher γ (half (length L) f) ∗ late_set γ f 0 lead L)).
  Definition is_refusing γ q : iProp Σ := inv (N .@ "back") (refusal_inv γ q).

  (** What the caller does with the links that its push has swept. *)
  Definition sweeps on_swept : iProp Σ :=
    ∀ n v, {{{ (∃ w : val, n ↦ w) ∗ P n v }}} on_swept #n {{{ w, RET w; Swept v }}}.

  Lemma refusal_alloc q E : q ↦ CLOSED ={E}=∗ ∃ γ, is_refusing γ q ∗ pusher γ 1.
  Proof.
    iIntros "Hq". iMod (ghost_var_alloc None) as (γl) "Hl". iMod (ghost_var_alloc ()) as (γp) "Hp".
    iMod (mono_list_own_alloc ([] : list val)) as (γa) "[Ha _]".
    iMod (ghost_map_alloc_empty (K:=nat) (V:=val * Qp)) as (γu) "Hu".
    set (γ := RefusalName γl γp γa γu).
    iMod (inv_alloc _ _ (refusal_inv γ q) with "[Hq Hl Ha Hu]") as "#Hinv".
    { iNext. iSplitL "Ha Hu"; last (iLeft; by iFrame).
      iExists [], ∅. rewrite big_sepM_empty /=. iFrame. do 2 (iSplit; first done).
      iPureIntro. intros i _. apply lookup_empty. }
    iModIntro. iExists γ. by iFrame "∗#".
  Qed.

  Global Instance ledger_timeless γ : Timeless (ledger γ).
  Proof. apply _. Qed.

  Lemma newest_of_cons prev n v L : newest_of prev ((n, v) :: L) = newest_of n L.
  Proof.
    destruct L as [|m L _] using rev_ind; first done.
    by rewrite /newest_of fmap_cons fmap_app /= app_comm_cons !last_snoc.
  Qed.

  Lemma late_set_snoc γ f j prev L n v :
    late_set γ f j prev (L ++ [(n, v)]) -∗
    late_set γ f j prev L ∗ late n (newest_of prev L) v ∗ unswept γ v (half (S (j + length L)) f).
  Proof.
    iIntros "HL". iInduction L as [|[m w] L] "IH" forall (j prev); simpl.
    - rewrite Nat.add_0_r. by iDestruct "HL" as "($ & $ & _)".
    - iDestruct "HL" as "($ & $ & HL)". rewrite newest_of_cons -Nat.add_succ_comm.
      by iApply "IH".
  Qed.

  Lemma late_set_append γ f j prev L L' :
    late_set γ f j prev L -∗ late_set γ f (j + length L) (newest_of prev L) L' -∗
    late_set γ f j prev (L ++ L').
  Proof.
    iIntros "HL HL'". iInduction L as [|[n v] L] "IH" forall (j prev); simpl.
    - by rewrite Nat.add_0_r.
    - iDestruct "HL" as "($ & $ & HL)". iApply ("IH" with "HL").
      by rewrite newest_of_cons -Nat.add_succ_comm.
  Qed.

  (** ** The ledger *)

  (** A link is appended: half of the leader's share stays until it is swept. *)
  Lemma ledger_append γ j f v :
    ledger γ -∗ pusher γ (half j f) ==∗
    ledger γ ∗ pusher γ (half (S j) f) ∗ unswept γ v (half (S j) f) ∗ appended γ v.
  Proof.
    iIntros "(%vs & %M & Hvs & HM & Hps & Hv & %Hle) Hp".
    iEval (rewrite -half_twice) in "Hp". iDestruct "Hp" as "[$ Hp]".
    iMod (mono_list_auth_own_update_app [v] with "Hvs") as "[Hvs #Hlb]".
    iMod (ghost_map_insert (length vs) (v, half (S j) f) with "HM") as "[HM Hi]";
      first by apply Hle.
    iModIntro. iSplitR "Hi"; last first.
    { iSplitL "Hi"; first by iExists _. iExists (length vs).
      iApply (mono_list_idx_own_get with "Hlb"). by rewrite lookup_app_r // Nat.sub_diag. }
    iExists _, _. iFrame "Hvs HM". rewrite big_sepM_insert; last by apply Hle.
    iFrame "Hps Hp". rewrite big_sepL_app big_sepL_singleton Nat.add_0_r. iSplit; last first.
    { iPureIntro. intros i. rewrite app_length /= => Hi. rewrite lookup_insert_ne; last lia.
      apply Hle. lia. }
    iSplitL; last (iLeft; iExists _; by rewrite lookup_insert).
    iApply (big_sepL_impl with "Hv"). iIntros "!>" (i w Hi) "[[%g %Hg]|$]".
    iLeft. iPureIntro. exists g. apply lookup_lt_Some in Hi. rewrite lookup_insert_ne //. lia.
  Qed.

  (** A link is swept: the leader gets that share back. *)
  Lemma ledger_sweep γ v f :
    ledger γ -∗ unswept γ v f -∗ Swept v ==∗ ledger γ ∗ pusher γ f.
  Proof.
    iIntros "(%vs & %M & Hvs & HM & Hps & Hv & %Hle) [%i Hi] #Hswept".
    iDestruct (ghost_map_lookup with "HM Hi") as %Hi.
    iMod (ghost_map_delete with "HM Hi") as "HM".
    iDestruct (big_sepM_delete _ _ i (v, f) with "Hps") as "[Hp Hps]"; first done.
    iModIntro. iFrame "Hp". iExists vs, _. iFrame "Hvs HM Hps". iSplit; last first.
    { iPureIntro. intros k Hk. rewrite lookup_delete_None. right. by apply Hle. }
    iApply (big_sepL_impl with "Hv"). iIntros "!>" (k w Hk) "[[%g %Hg]|$]".
    destruct (decide (k = i)) as [->|Hne].
    - iRight. rewrite Hi in Hg. by injection Hg as <- <-.
    - iLeft. iPureIntro. exists g. by rewrite lookup_delete_ne.
  Qed.

  (** A chain, of which all but the oldest link are in place, is appended. *)
  Lemma chain_append γ f j prev L :
    own_links #prev (linked_entries L.*1) -∗ ([∗ list] x ∈ L, P x.1 x.2) -∗
    ledger γ -∗ pusher γ (half j f) ==∗
    ledger γ ∗ pusher γ (half (j + length L) f) ∗ late_set γ f j prev L ∗
    [∗ list] x ∈ L, appended γ x.2.
  Proof.
    iIntros "Hc HP Hledger Hp". iInduction L as [|[n v] L] "IH" forall (j prev); simpl.
    { rewrite Nat.add_0_r. by iFrame. }
    iDestruct "Hc" as "[Hn Hc]". iDestruct "HP" as "[HPn HP]".
    iMod (ledger_append _ _ _ v with "Hledger Hp") as "(Hledger & Hp & $ & $)".
    iMod ("IH" with "Hc HP Hledger Hp") as "($ & Hp & $ & $)".
    rewrite Nat.add_succ_comm. iFrame "Hp". iModIntro. iLeft. by iFrame.
  Qed.

  (** ** The two exchanges *)

  (** The first exchange: either the push leads a set, or it appends to one. *)
  Lemma exchange_spec γ q oldest newest v L f :
    last (oldest :: L.*1) = Some newest →
    is_refusing γ q -∗
    {{{ pusher γ f ∗ oldest ↦ NULL ∗ own_links #oldest (linked_entries L.*1) ∗
        [∗ list] x ∈ (oldest, v) :: L, P x.1 x.2 }}}
      Xchg #q #newest
    {{{ w, RET w;
        (⌜w = CLOSED⌝ ∗ ghost_var γ.(leader_name) (1/2) (Some (newest, f)) ∗
         oldest ↦ NULL ∗ own_links #oldest (linked_entries L.*1) ∗
         [∗ list] x ∈ (oldest, v) :: L, P x.1 x.2) ∨
        (∃ prev γg γt, ⌜w = #prev⌝ ∗ pusher γ f ∗
         inv (N .@ "cell") (cell γg γt oldest prev v) ∗ token γg ∗
         [∗ list] x ∈ (oldest, v) :: L, appended γ x.2) }}}.
  Proof.
    iIntros (Hnewest) "#Hinv !>". iIntros (Φ) "(Hp & Ho & Hc & HP) HΦ".
    iInv (N .@ "back") as "[>Hledger [[>Hq >Hl]|(%lead & %f' & %L' & >Hq & >Hl & >Hp' & HL)]]".
    - wp_xchg. iMod (ghost_var_update (Some (newest, f)) with "Hl") as "[Hl Hl']".
      iModIntro. iSplitR "HΦ Ho Hc HP Hl'".
      { iNext. iFrame "Hledger". iRight. iExists newest, f, []. rewrite /newest_of /=.
        by iFrame. }
      iApply "HΦ". iLeft. by iFrame.
    - iMod (ghost_var_alloc ()) as (γg) "Hg". iMod (ghost_var_alloc ()) as (γt) "Ht".
      iDestruct "HP" as "[HPo HP]".
      iMod (inv_alloc (N .@ "cell") _ (cell γg γt oldest (newest_of lead L') v) with "[Ho HPo]")
        as "#Hcell"; first (iNext; iLeft; by iFrame).
      iMod (ledger_append _ _ _ v with "Hledger Hp'") as "(Hledger & Hp' & Hu & Ha)".
      iMod (chain_append with "Hc HP Hledger Hp'") as "(Hledger & Hp' & Hc & Has)".
      wp_xchg. iModIntro. iSplitR "HΦ Hg Hp Ha Has".
      { iNext. iFrame "Hledger". iRight. iExists lead, f', (L' ++ (oldest, v) :: L).
        assert (newest_of lead (L' ++ (oldest, v) :: L) = newest) as ->.
        { by rewrite /newest_of fmap_app last_app /= Hnewest. }
        rewrite app_length /= -Nat.add_succ_comm. iFrame "Hq Hl Hp'".
        iApply (late_set_append with "HL"). simpl. iFrame "Hu Hc".
        iRight. iExists γg, γt. by iFrame. }
      iApply "HΦ". iRight. iExists _, γg, γt. by iFrame "∗#".
  Qed.

  (** The second exchange of a leader: the set is its own. *)
  Lemma exchange_again_spec γ q lead f :
    is_refusing γ q -∗
    {{{ ghost_var γ.(leader_name) (1/2) (Some (lead, f)) }}} Xchg #q CLOSED
    {{{ L, RET #(newest_of lead L); pusher γ (half (length L) f) ∗ late_set γ f 0 lead L }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "Hl HΦ".
    iInv (N .@ "back") as "[>Hledger [[>Hq >Hl']|(%lead' & %f' & %L & >Hq & >Hl' & >Hp & HL)]]".
    { by iDestruct (ghost_var_agree with "Hl Hl'") as %?. }
    iDestruct (ghost_var_agree with "Hl Hl'") as %[= <- <-]. wp_xchg.
    iMod (ghost_var_update_halves None with "Hl Hl'") as "[Hl Hl']".
    iCombine "Hl Hl'" as "Hl". iModIntro. iSplitR "HΦ Hp HL".
    { iNext. iFrame "Hledger". iLeft. by iFrame. }
    iApply "HΦ". by iFrame.
  Qed.

  (** The store that ends the gap. *)
  Lemma store_own_spec γg γt n prev v :
    inv (N .@ "cell") (cell γg γt n prev v) -∗
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
  Lemma late_distinct n prev v own (w : val) :
    late n prev v -∗ own ↦ w ={⊤}=∗ ⌜n ≠ own⌝ ∗ late n prev v ∗ own ↦ w.
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
  Lemma wait_for_own_link_spec n prev v :
    {{{ late n prev v }}} wait_for_own_link #n {{{ RET #prev; n ↦ #prev ∗ P n v }}}.
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
  Lemma discard_spec γ q f own L on_swept (w : val) :
    is_refusing γ q -∗ sweeps on_swept -∗
    {{{ pusher γ (half (length L) f) ∗ late_set γ f 0 own L ∗ own ↦ w }}}
      discard #(newest_of own L) #own on_swept
    {{{ RET #(); pusher γ f ∗ own ↦ w }}}.
  Proof.
    iIntros "#Hinv #Hswept !>" (Φ) "(Hp & HL & Hown) HΦ".
    iInduction L as [|[n v] L] "IH" using rev_ind.
    { wp_lam. wp_pures. rewrite bool_decide_true //. wp_pures. iApply "HΦ". by iFrame. }
    iDestruct (late_set_snoc with "HL") as "(HL & Hn & Hu)".
    iMod (late_distinct with "Hn Hown") as "(%Hne & Hn & Hown)".
    assert (newest_of own (L ++ [(n, v)]) = n) as ->.
    { by rewrite /newest_of fmap_app last_snoc. }
    wp_lam. wp_pures. rewrite bool_decide_false; last congruence. wp_pures.
    wp_apply (wait_for_own_link_spec with "Hn"). iIntros "[Hn HP]". wp_pures.
    wp_apply ("Hswept" with "[Hn $HP]"); first by iExists _. iIntros (x) "#Hv".
    iAssert (|={⊤}=> pusher γ (half (S (length L)) f))%I with "[Hu]" as ">Hp'".
    { iInv (N .@ "back") as "[>Hledger Hback]" "Hclose".
      iMod (ledger_sweep with "Hledger Hu Hv") as "[Hledger $]".
      iApply "Hclose". iNext. iFrame. }
    rewrite app_length Nat.add_1_r. iCombine "Hp Hp'" as "Hp".
    wp_pures. iApply ("IH" with "Hp HL Hown HΦ").
  Qed.

  (** ** The push *)

  (** In a closed queue, a push is refused and gets back what it was given; or it returns as if
      its items had been sent, and they belong to the push that leads the set. That one gives each
      of them to its [on_swept]. *)
  Theorem late_push_spec γ q oldest newest L f on_parked on_swept :
    L.*1 !! 0 = Some oldest → last L.*1 = Some newest →
    is_refusing γ q -∗ sweeps on_swept -∗
    {{{ pusher γ f ∗ own_chain L.*1 ∗ [∗ list] x ∈ L, P x.1 x.2 }}}
      push_chain #q #oldest #newest on_parked on_swept
    {{{ r, RET r; pusher γ f ∗
        (⌜r = REFUSED⌝ ∗ handed_back L.*1 ∗ ([∗ list] x ∈ L, P x.1 x.2) ∨
         ⌜r = PUSHED NONEV⌝ ∗ [∗ list] x ∈ L, appended γ x.2) }}}.
  Proof.
    iIntros (Holdest Hnewest) "#Hinv #Hswept !>". iIntros (Φ) "(Hp & Hc & HP) HΦ".
    destruct L as [|[m v] L]; first done. injection Holdest as ->. rewrite fmap_cons /=.
    wp_lam. wp_pures. wp_apply (newest_first_spec with "Hc"); first done.
    iIntros "[Ho Hc]". wp_pures.
    wp_apply (exchange_spec γ q oldest newest v L with "Hinv [$Hp $Ho $Hc $HP]"); first done.
    iIntros (w) "[(-> & Hl & Ho & Hc & HP)|(%prev & %γg & %γt & -> & Hp & #Hcell & Hg & Ha)]";
      rewrite /code.is_link /is_empty; wp_pures.
    - wp_apply (exchange_again_spec with "Hinv Hl"). iIntros (L') "[Hp HL]". wp_pures.
      wp_apply (oldest_first_spec with "[$Ho $Hc]"); first done. iIntros "Hc". wp_pures.
      rewrite last_lookup in Hnewest.
      iDestruct (big_sepL_lookup_acc with "Hc") as "[(%x & Hown & %Hx) Hc]"; first done.
      wp_apply (discard_spec with "Hinv Hswept [$Hp $HL $Hown]"). iIntros "[Hp Hown]". wp_pures.
      iApply "HΦ". iFrame "Hp". iLeft. iModIntro. iSplit; first done.
      iSplitR "HP"; last iExact "HP". iApply "Hc". iExists x. by iFrame.
    - wp_apply (store_own_spec with "Hcell Hg"). iIntros "_". wp_pures. iApply "HΦ".
      iFrame "Hp". iRight. iModIntro. iSplit; [done|iExact "Ha"].
  Qed.

  (** While no push is in flight, [back] is [CLOSED]. *)
  Theorem closed_restored γ q :
    is_refusing γ q -∗ {{{ pusher γ 1 }}} ! #q {{{ RET CLOSED; pusher γ 1 }}}.
  Proof.
    iIntros "#Hinv !>" (Φ) "Hp HΦ".
    iInv (N .@ "back") as "[Hledger [[>Hq >Hl]|(%lead & %f' & %L & _ & _ & >Hp' & _)]]".
    - wp_load. iModIntro. iSplitR "HΦ Hp"; last by iApply "HΦ".
      iNext. iFrame "Hledger". iLeft. by iFrame.
    - iDestruct (ghost_var_valid_2 with "Hp Hp'") as %[Hf _]. by apply Qp.not_add_le_l in Hf.
  Qed.

  (** While no push is in flight, all that has been appended has been swept: nothing is lost. *)
  Theorem appended_swept γ q v :
    is_refusing γ q -∗ appended γ v -∗ pusher γ 1 ={⊤}=∗ pusher γ 1 ∗ Swept v.
  Proof.
    iIntros "#Hinv [%i #Hi] Hp".
    iInv (N .@ "back") as "[>(%vs & %M & Hvs & HM & Hps & #Hv & %Hle) Hback]" "Hclose".
    iDestruct (mono_list_auth_idx_lookup with "Hvs Hi") as %Hvs.
    iDestruct (big_sepL_lookup with "Hv") as "[[%f %Hf]|#Hswept]"; first done.
    - iDestruct (big_sepM_lookup with "Hps") as "Hp'"; first done.
      iDestruct (ghost_var_valid_2 with "Hp Hp'") as %[Hle' _].
      by apply Qp.not_add_le_l in Hle'.
    - iMod ("Hclose" with "[Hvs HM Hps Hback]") as "_"; last by iFrame "Hp Hswept".
      iNext. iFrame "Hback". iExists vs, M. by iFrame "∗#".
  Qed.
End refusal.
