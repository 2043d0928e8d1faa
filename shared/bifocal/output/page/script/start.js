$("lenses").addEventListener("change", (event) => {
  lens = event.target.value;
  if (!current) return;
  colour();
  showPanel();
  drawSentence();
});
addEventListener("hashchange", openNamed);
listenToText();
listenToKinds();
listenToSave();
showHead();
showTotals();
showFailures();
showPicker();
showBatch();
openNamed();
if ($("reading").hidden && $("batch").hidden) openDefault();
