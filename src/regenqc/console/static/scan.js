// Fields that take a code: a scanner that types ends with Enter, which leads to the next field; a photo or a camera fills it.
"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const PAUSE = 500, MOST_FRAMES = 180, WIDEST = 4000, WIDEST_FRAME = 1600;
  const KINDS = ["data_matrix", "qr_code", "code_128"];
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

  const wait = (milliseconds) => new Promise((again) => setTimeout(again, milliseconds));
  const placeOf = (field) => field.closest(".scanned").querySelector(".told");
  const tell = (field, ...sentences) => placeOf(field).replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("p");
    line.textContent = sentence;
    return line;
  }));
  const fill = (field, code) => {
    if (field.tagName === "SELECT") field.add(new Option(code, code));
    field.value = code;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  };
  const offer = (field, codes) => {
    const list = document.createElement("ul");
    list.className = "choices";
    for (const { code, shown } of codes) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = shown;
      button.addEventListener("click", () => { tell(field); fill(field, code); });
      list.append(document.createElement("li"));
      list.lastChild.append(button);
    }
    placeOf(field).append(list);
    list.querySelector("button").focus();
  };

  // The server reads the picture as it reads a form without scripts, and says the same; `null` when it does not answer so.
  const read = async (input, picture) => {
    const body = new FormData();
    body.append(input.name, picture, "photo.jpg");
    const headers = { Accept: "application/json", "X-CSRF-Token": input.form.elements.csrf.value };
    const answer = await fetch(input.dataset.photoAt, { method: "POST", body, headers });
    if (answer.redirected) location.reload(); // the session has ended
    if (!answer.ok) return null;
    return (await answer.json()).fields[input.name.replace("photo-", "")] || null;
  };
  const take = (field, found) => {
    tell(field, ...found.told);
    if (found.codes.length === 1) fill(field, found.codes[0].code);
    if (found.codes.length > 1) offer(field, found.codes);
  };
  const drawn = (source, width, height, widest) => {
    const scale = Math.min(1, widest / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    return new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.9));
  };
  // Drawn again, a photo is as large as it needs to be, and says nothing about place and camera; what cannot be drawn goes as it is.
  const smaller = async (file) => {
    const bitmap = await createImageBitmap(file).catch(() => null);
    return (bitmap && (await drawn(bitmap, bitmap.width, bitmap.height, WIDEST))) || file;
  };
  for (const input of document.querySelectorAll("[data-photo-for]")) {
    const field = () => document.getElementById(input.dataset.photoFor);
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (!file) return;
      const place = placeOf(field());
      tell(field(), place.dataset.reading);
      place.setAttribute("aria-busy", "true");
      const found = await smaller(file).then((picture) => read(input, picture)).catch(() => null);
      place.removeAttribute("aria-busy");
      input.value = "";
      if (found) take(field(), found);
      else tell(field(), place.dataset.unreadable);
    });
  }

  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;
  const detectorOf = async () => {
    if (!("BarcodeDetector" in window)) return null;
    const known = await BarcodeDetector.getSupportedFormats();
    return KINDS.every((kind) => known.includes(kind)) ? new BarcodeDetector({ formats: KINDS }) : null;
  };
  let stop = null;
  const watch = async (button, field, input) => {
    if (stop) return stop();
    tell(field);
    const detector = await detectorOf().catch(() => null);
    const wanted = { facingMode: "environment", width: { ideal: 1920 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    const video = document.createElement("video");
    video.className = "viewfinder";
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    button.closest(".scanned").append(video);
    button.setAttribute("aria-pressed", "true");
    stop = () => {
      stream.getTracks().forEach((track) => track.stop());
      video.remove();
      button.removeAttribute("aria-pressed");
      stop = null;
    };
    await video.play();
    let last = null;
    for (let frame = 0; stop && frame < MOST_FRAMES; frame++) {
      const begun = performance.now();
      if (detector) {
        const found = await detector.detect(video).catch(() => []);
        const codes = [...new Set(found.map((each) => each.rawValue.replaceAll("\u001d", "␝")))];
        last = { told: [], codes: codes.map((code) => ({ code, shown: code })) };
      } else {
        const picture = await drawn(video, video.videoWidth, video.videoHeight, WIDEST_FRAME);
        last = await read(input, picture).catch(() => null);
      }
      if (!stop) return;
      if (last && last.codes.length) {
        stop();
        take(field, last);
        return;
      }
      await wait(detector ? 150 : Math.max(PAUSE - (performance.now() - begun), 50));
    }
    if (stop) stop();
    if (last) tell(field, ...last.told);
  };
  for (const button of document.querySelectorAll("[data-scan-for]")) {
    const field = () => document.getElementById(button.dataset.scanFor);
    const input = document.getElementById(`${button.dataset.scanFor}-photo`);
    button.hidden = false;
    button.addEventListener("click", () => watch(button, field(), input).catch(() => {
      if (stop) stop();
      tell(field(), placeOf(field()).dataset.noCamera);
      field().focus();
    }));
  }
})();
