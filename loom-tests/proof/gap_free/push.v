(** The push of the gap-free form: one compare-exchange publishes the chain. *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants ghost_var ghost_map.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.batch Require Export invariant.
From mpsc_proof.gap_free Require Export code.
From iris.prelude Require Import options.

Section push.
  Context `{!heapGS Σ, !batchG Σ} (N : namespace).
  Implicit Types (Q P : list entry) (T c : list loc) (γ : queue_name)
    (q n m oldest newest : loc) (i j k : nat) (D : nat → iProp Σ) (f : Qp)
    (on_parked : val) (Φ : val → iProp Σ).

  Local Notation is_queue := (invariant.is_queue N false).

  (** What is left to do after the exchange: [on_parked], if the consumer was parked. The consumer
      may already have popped the link, so the push deposits nothing. *)
  Definition rest_of_push γ f on_parked Φ (parked : bool) : iProp Σ :=
    if parked then (WP on_parked #() {{ w, True ∗ (producer γ f -∗ Φ (SOMEV w)) }})%I
    else (True ∗ (producer γ f -∗ Φ NONEV))%I.

  (** The content of [back], as the push remembers it: a tag, or the address of a link. Nothing
      is known of that link, which may have been popped, and even pushed again, since. *)
  Definition back_like (v : val) : Prop :=
    (∃ parked, v = mark parked) ∨ (∃ n : loc, v = #n).

  Definition below_val (v : val) : val :=
    match v with LitV (LitLoc n) => #n | _ => BOTTOM end.

  Lemma back_val_like Q parked : back_like (back_val Q parked).
  Proof. rewrite /back_val. destruct (last Q) as [[n ?]|]; [right|left]; eauto. Qed.

  Lemma below_back Q parked : below_val (back_val Q parked) = last_val BOTTOM Q.
  Proof. rewrite /back_val /last_val. destruct (last Q) as [[n ?]|]; by destruct parked. Qed.

  Lemma below_spec v : back_like v → {{{ True }}} below v {{{ RET (below_val v); True }}}.
  Proof.
    iIntros (Hv Φ) "_ HΦ". wp_lam. rewrite /is_link /is_empty.
    destruct Hv as [[[] ->]|[n ->]]; wp_pures; by iApply "HΦ".
  Qed.

  Lemma load_back_spec γ q D :
    is_queue γ q D -∗ {{{ True }}} ! #q {{{ v, RET v; ⌜back_like v⌝ }}}.
  Proof.
    iIntros "#Hinv !>" (Ψ) "_ HΨ".
    iInv N as (P U T Q parked s) "(>Hback & Hrest)". wp_load. iModIntro. iSplitR "HΨ".
    { iNext. iExists P, U, T, Q, parked, s. by iFrame. }
    iApply "HΨ". iPureIntro. apply back_val_like.
  Qed.

  Lemma back_val_linked Q c parked n :
    last c = Some n → back_val (Q ++ linked_entries c) parked = #n.
  Proof.
    intros Hn. assert (last (linked_entries c) = Some (n, Linked)) as Hlast.
    { by rewrite /linked_entries fmap_last Hn. }
    rewrite /back_val last_app_ne ?Hlast //. intros H. by rewrite H in Hlast.
  Qed.

  Lemma no_deposits D k Q : ⊢ deposits (deposit false D) k Q.
  Proof. iApply big_sepL_intro. iIntros "!>" (j [n []] _); done. Qed.

  (** The compare-exchange. If it succeeds, [back] is what the own link was written for, even if
      it was something else in between. *)
  Lemma compare_exchange_spec γ q D oldest newest c f on_parked Φ prev :
    back_like prev → last (oldest :: c) = Some newest →
    is_queue γ q D -∗
    {{{ producer γ f ∗ oldest ↦ below_val prev ∗ own_links #oldest (linked_entries c) ∗
        push_commit N γ false D (oldest :: c) f on_parked Φ }}}
      CmpXchg #q prev #newest
    {{{ v (b : bool), RET (v, #b);
        if b then ∃ parked, ⌜prev = PARKED ↔ parked = true⌝ ∗ producer γ f ∗
          rest_of_push γ f on_parked Φ parked
        else ⌜back_like v⌝ ∗ producer γ f ∗ oldest ↦ below_val prev ∗
          own_links #oldest (linked_entries c) ∗
          push_commit N γ false D (oldest :: c) f on_parked Φ }}}.
  Proof.
    iIntros (Hprev Hnewest) "#Hinv !>". iIntros (Ψ) "(Hp & Holdest & Hc & AU) HΨ".
    iInv N as (P U T Q parked s)
      "(>Hback & >Hq & >Hs & >HE & >HU & >HQ & >Hev & HD & >%HP & >%HwU & >%HwQ & >%Hs & >%Hgap)".
    destruct (decide (back_val Q parked = prev)) as [<-|Hne].
    - iMod "AU" as (h k parked') "[Hq' [_ Hcommit]]".
      iDestruct (queue_agree with "Hq Hq'") as %(-> & -> & ->).
      wp_cmpxchg_suc.
      { rewrite /back_val. destruct (last Q) as [[? ?]|]; [by left|destruct parked; by left]. }
      iDestruct (parked_empty with "Hq") as %Hparked.
      iMod (queue_push (oldest :: c) with "Hq Hq'") as "[Hq Hq']".
      iMod ("Hcommit" with "Hq'") as "[_ Hrest]".
      iMod (entries_append_linked _ _ (oldest :: c) with "HE") as "[HE Hev']".
      repeat iModIntro. iSplitR "HΨ Hp Hrest".
      + iNext. iExists P, U, T, (Q ++ linked_entries (oldest :: c)), false, s.
        assert (∀ X : list entry, P ++ U ++ linked_entries T ++ Q ++ X =
          (P ++ U ++ linked_entries T ++ Q) ++ X) as ->; first by intros; rewrite -!assoc_L.
        assert (∀ X : list entry, U ++ linked_entries T ++ Q ++ X =
          (U ++ linked_entries T ++ Q) ++ X) as ->; first by intros; rewrite -!assoc_L.
        rewrite (fmap_app _ (P ++ _)) linked_entries_fst.
        rewrite (evidences_append _ _ (U ++ linked_entries T ++ Q)).
        rewrite (deposits_append _ _ (U ++ linked_entries T ++ Q)).
        rewrite own_links_app (app_length P (U ++ _)) below_back.
        rewrite (back_val_linked _ _ _ newest) //. iFrame "Hback Hs HE HU HQ Hev Hev' HD Hq".
        iSplitL "Holdest Hc"; first by iFrame.
        iSplit; first by iApply no_deposits.
        iPureIntro. split_and!; try done.
        * destruct Q as [|e Q]; simpl; first by split; [done|apply linked_entries_behind].
          destruct HwQ as [He HQ]. split; first done. apply Forall_app. split; first done.
          apply (linked_entries_behind (oldest :: c)).
        * eapply stage_ok_append; [simpl; lia|done].
        * intros H. destruct (Hgap H) as [HU HQ]. split; first done.
          apply Forall_app. split; [done|apply (all_linked_entries (oldest :: c))].
      + iApply "HΨ". iExists parked. iFrame. iPureIntro.
        rewrite /back_val. destruct (last Q) as [[n ?]|] eqn:Hlast; [|by destruct parked].
        split; first done. intros H. specialize (Hparked H).
        by apply app_eq_nil in Hparked as [_ [_ ->]%app_eq_nil].
    - wp_cmpxchg_fail.
      { rewrite /back_val. destruct (last Q) as [[? ?]|]; [by left|destruct parked; by left]. }
      iModIntro. iSplitL "Hback Hq Hs HE HU HQ Hev HD".
      { iNext. iExists P, U, T, Q, parked, s. by iFrame. }
      iApply "HΨ". iFrame. iPureIntro. apply back_val_like.
  Qed.

  (** The loop. Each turn but the last follows a push of another producer. *)
  Lemma publish_spec γ q D oldest newest c f on_parked Φ prev v :
    back_like prev → last (oldest :: c) = Some newest →
    is_queue γ q D -∗
    {{{ producer γ f ∗ oldest ↦ v ∗ own_links #oldest (linked_entries c) ∗
        push_commit N γ false D (oldest :: c) f on_parked Φ }}}
      publish #q #oldest #newest prev
    {{{ prev, RET prev; ⌜back_like prev⌝ ∗ ∃ parked, ⌜prev = PARKED ↔ parked = true⌝ ∗
        producer γ f ∗ rest_of_push γ f on_parked Φ parked }}}.
  Proof.
    iIntros (Hprev Hnewest) "#Hinv !>". iIntros (Ψ) "(Hp & Holdest & Hc & AU) HΨ".
    iLöb as "IH" forall (prev v Hprev). wp_lam. wp_pures.
    wp_apply (below_spec with "[//]"); first done. iIntros "_". wp_store. wp_pures.
    wp_bind (CmpXchg _ _ _).
    wp_apply (compare_exchange_spec with "Hinv [$Hp $Holdest $Hc $AU]"); [done..|].
    iIntros (back [|]) "H"; wp_pures.
    - iApply "HΨ". iModIntro. by iFrame.
    - iDestruct "H" as "(%Hback & Hp & Holdest & Hc & AU)".
      by iApply ("IH" with "[//] Hp Holdest Hc AU").
  Qed.

  Lemma push_chain_spec γ q D oldest newest c f on_parked Φ :
    c !! 0 = Some oldest → last c = Some newest →
    is_queue γ q D -∗ producer γ f -∗ own_chain c -∗
    push_commit N γ false D c f on_parked Φ -∗
    WP push_chain #q #oldest #newest on_parked {{ Φ }}.
  Proof.
    iIntros (Holdest Hnewest) "#Hinv Hp Hc AU".
    destruct c as [|? c]; first done. injection Holdest as ->.
    wp_lam. wp_pures. wp_apply (newest_first_spec with "Hc"); first done.
    iIntros "[Holdest Hc]". wp_pures.
    wp_apply (load_back_spec with "Hinv [//]"). iIntros (prev Hprev).
    wp_apply (publish_spec with "Hinv [$Hp $Holdest $Hc $AU]"); [done..|].
    iIntros (prev') "(%Hback & %parked & %Hparked & Hp & Hrest)". wp_pures.
    destruct parked.
    - assert (prev' = PARKED) as -> by by apply Hparked. wp_pures. wp_bind (on_parked _).
      iApply (wp_wand with "Hrest"). iIntros (taken) "[_ HΦ]". wp_pures.
      iApply ("HΦ" with "Hp").
    - iDestruct "Hrest" as "[_ HΦ]".
      destruct Hback as [[[] ->]|[n ->]]; wp_pures; try (by iApply ("HΦ" with "Hp")).
      by destruct Hparked as [Hnot _]; specialize (Hnot eq_refl).
  Qed.
End push.
