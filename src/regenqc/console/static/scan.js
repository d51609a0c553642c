// Fields that take a code: a scanner that types ends with Enter, which leads to the next field; a camera reads where it can.
"use strict";
(() => {
  const fields = [...document.querySelectorAll("[data-scan]")];
  for (const field of fields) {
    field.addEventListener("keydown", (event) => {
      // Scanners send FNC1 as Ctrl+]; it is kept as the character that stands for it.
      if (event.ctrlKey && event.key === "]") {
        event.preventDefault();
        field.setRangeText("␝", field.selectionStart, field.selectionEnd, "end");
      }
      if (event.key !== "Enter") return;
      const later = fields.slice(fields.indexOf(field) + 1).find((each) => each.form === field.form && !each.value);
      if (later) {
        event.preventDefault();
        later.focus();
      }
    });
  }
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  let stop = null;
  const read = async (button, field) => {
    if (stop) return stop();
    const wanted = ["data_matrix", "qr_code", "code_128"];
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = wanted.filter((each) => known.includes(each));
    if (!formats.length) return;
    const detector = new BarcodeDetector({ formats });
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    const video = document.createElement("video");
    video.className = "viewfinder";
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    button.closest(".scanned").append(video);
    stop = () => {
      stream.getTracks().forEach((track) => track.stop());
      video.remove();
      stop = null;
    };
    await video.play();
    while (stop) {
      const [found] = await detector.detect(video).catch(() => []);
      if (found) {
        field.value = found.rawValue.replaceAll("\u001d", "␝");
        field.dispatchEvent(new Event("change", { bubbles: true }));
        stop();
        field.focus();
        return;
      }
      await new Promise((again) => setTimeout(again, 150));
    }
  };
  for (const button of document.querySelectorAll("[data-scan-for]")) {
    const field = document.getElementById(button.dataset.scanFor);
    button.hidden = false;
    button.addEventListener("click", () => read(button, field).catch(() => { if (stop) stop(); field.focus(); }));
  }
})();
