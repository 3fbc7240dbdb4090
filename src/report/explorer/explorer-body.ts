import { markup } from '../markup.ts';

/** What the explorer's script finds: all that depends on the record is filled in by it. */
export const EXPLORER_BODY = markup`<noscript><p>This page needs its script, which is part of it.</p></noscript>
<p id="model" class="quiet"></p>
<div class="explorer">
<section id="looking" aria-label="Map">
<div id="tokens" class="tokens" role="group" aria-label="Tokens before the patches"></div>
<div id="stage" class="stage"><img id="picture" alt="" draggable="false"><div id="field" class="field"><canvas id="map" aria-hidden="true"></canvas>
<div id="cells" class="cells" role="grid" aria-label="Patches"></div></div></div>
<div class="bar"><canvas id="bar" width="256" height="1" aria-hidden="true"></canvas>
<span id="least"></span><span id="quantity"></span><span id="greatest"></span></div>
<p id="pointed" class="pointed"></p>
<p id="caption" class="caption"></p>
<output id="readout" class="quiet" aria-live="polite"></output>
</section>
<section class="choices" aria-label="Choices">
<label>Method <select id="method"></select></label>
<fieldset id="attention-choices"><legend>Attention</legend>
<label for="layer">Layer <output id="layer-value" for="layer"></output></label><input id="layer" type="range" min="0" step="1">
<label for="head">Head <output id="head-value" for="head"></output></label><input id="head" type="range" min="-1" step="1">
<div class="pair"><label><input type="radio" name="direction" value="from"> where the token looks</label>
<label><input type="radio" name="direction" value="to"> who looks at it</label></div>
</fieldset>
<fieldset id="classes"><legend>Class</legend><div id="predictions"></div><p id="class-note" class="quiet"></p></fieldset>
<fieldset><legend>Colours</legend>
<label for="mass">Threshold <output id="mass-value" for="mass"></output></label><input id="mass" type="range" min="1" max="100" step="1">
<label for="opacity">Opacity <output id="opacity-value" for="opacity"></output></label><input id="opacity" type="range" min="0" max="100" step="1">
<div class="pair"><label>Scale <select id="range"><option value="clipped">to the 95th percentile</option><option value="own">to the greatest patch</option><option value="shared">same for all layers and heads</option></select></label>
<label>Colours <select id="colours"></select></label>
<label>Picture <select id="picture-choice"><option value="photograph">photograph</option><option value="model">what the model sees</option></select></label></div>
</fieldset>
<details class="quiet"><summary>Mouse, keys and touch</summary><ul>
<li>Point at a patch to see where it looks; click or tap to keep it, and again to let go.</li>
<li>Tab to the patches, arrow keys, Home, End, Page Up and Page Down to move, Enter to keep, Escape to let go.</li>
<li>While a patch is kept, the others tell their values.</li>
<li>The address holds what you see: copy it to share the view.</li></ul></details>
</section>
</div>
<section aria-labelledby="wall-title"><h2 id="wall-title">Layers and heads <small id="wall-note"></small></h2>
<div class="scroll"><div id="wall" class="wall" role="grid" aria-labelledby="wall-title"></div></div></section>
<section id="steps" aria-labelledby="steps-title"><h2 id="steps-title">Step by step <small>exact float32 numbers</small></h2>
<p id="steps-note"></p><div id="steps-places" class="tokens" role="group" aria-label="Layers and heads with exact numbers"></div>
<div id="steps-body"></div></section>`;
