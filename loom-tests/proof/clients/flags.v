(** The waker: a flag that the consumer waits for. (A thread's token or a task's waker in the
    crate.) *)
From iris.proofmode Require Import proofmode.
From iris.base_logic.lib Require Import invariants.
From iris.heap_lang Require Import proofmode notation.
From mpsc_proof.clients Require Export programs.
From iris.prelude Require Import options.

Set Default Proof Using "Type*".

Section flags.
  Context `{!heapGS Σ} (N : namespace).
  Implicit Types flag : loc.

  (** Half of the flag belongs to the right to set it. *)
  Definition is_flag flag : iProp Σ :=
    inv (N .@ "flag") (flag ↦{#1/2} #false ∨ flag ↦□ #true).
  Definition right_to_wake flag : iProp Σ := is_flag flag ∗ flag ↦{#1/2} #false.

  Lemma new_flag flag : flag ↦ #false ={⊤}=∗ is_flag flag ∗ right_to_wake flag.
  Proof.
    iIntros "[Hright Hhalf]".
    iMod (inv_alloc (N .@ "flag") _ (flag ↦{#1/2} #false ∨ flag ↦□ #true) with "[Hhalf]")
      as "#Hflag"; first by iLeft.
    by iFrame "Hflag Hright".
  Qed.

  Lemma set_flag_spec flag :
    {{{ right_to_wake flag }}} #flag <- #true {{{ RET #(); flag ↦□ #true }}}.
  Proof.
    iIntros (Φ) "[#Hflag Hright] HΦ". iInv "Hflag" as ">[Hhalf|#Hset]".
    - iCombine "Hright Hhalf" as "Hfull". wp_store.
      iMod (mapsto_persist with "Hfull") as "#Hset". iModIntro. iSplitR; first by iRight.
      by iApply "HΦ".
    - by iDestruct (mapsto_agree with "Hright Hset") as %?.
  Qed.

  Lemma load_flag_spec flag :
    {{{ is_flag flag }}} ! #flag {{{ (b : bool), RET #b; if b then flag ↦□ #true else True }}}.
  Proof.
    iIntros (Φ) "#Hflag HΦ". iInv "Hflag" as ">[Hhalf|#Hset]"; wp_load; iModIntro.
    - iSplitL "Hhalf"; first by iLeft. by iApply "HΦ".
    - iSplitR; first by iRight. by iApply "HΦ".
  Qed.

  Lemma sleep_until_spec flag : {{{ is_flag flag }}} sleep_until #flag {{{ RET #(); True }}}.
  Proof.
    iIntros (Φ) "#Hflag HΦ". iLöb as "IH". wp_lam. wp_apply (load_flag_spec with "Hflag").
    iIntros ([]) "_"; wp_pures; [by iApply "HΦ"|by iApply "IH"].
  Qed.

  (** The answer may be any. *)
  Lemma any_answer_spec : {{{ True }}} any_answer #() {{{ (b : bool), RET #b; True }}}.
  Proof.
    iIntros (Φ) "_ HΦ". wp_lam. wp_alloc answer as "Hanswer".
    iMod (inv_alloc nroot _ (∃ b : bool, answer ↦ #b) with "[Hanswer]") as "#Hinv".
    { by iExists _. }
    wp_pures. wp_apply wp_fork.
    - iInv "Hinv" as (b) ">Hanswer". wp_store. iModIntro. iSplitL; last done. by iExists _.
    - wp_pures. iInv "Hinv" as (b) ">Hanswer". wp_load. iModIntro.
      iSplitL "Hanswer"; [by iExists _|by iApply "HΦ"].
  Qed.

  Lemma sleep_at_most_spec flag : {{{ is_flag flag }}} sleep_at_most #flag {{{ RET #(); True }}}.
  Proof.
    iIntros (Φ) "#Hflag HΦ". iLöb as "IH". wp_lam. wp_apply (load_flag_spec with "Hflag").
    iIntros ([]) "_"; wp_pures; first by iApply "HΦ".
    wp_apply any_answer_spec; first done.
    iIntros ([]) "_"; wp_pures; [by iApply "HΦ"|by iApply "IH"].
  Qed.
End flags.
