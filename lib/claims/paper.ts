// The paper's statements, all of them: the number, the place, and what it would take to check it.
import type { Claim } from "./claim.js";
import { downstreamClaims } from "./downstream.js";
import { lossClaims } from "./losses.js";
import { parameterClaims } from "./parameters.js";
import { sampleClaims } from "./samples.js";
import { settingClaims } from "./settings.js";

/** Lists every claim: the data, the model, its training, the losses, and what is read from the latent space. */
export function paperClaims(): Claim[] {
  return [
    ...sampleClaims(),
    ...parameterClaims(),
    ...settingClaims(),
    ...lossClaims(),
    ...downstreamClaims(),
  ];
}
