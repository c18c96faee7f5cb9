export interface Weather {
  readonly city: string;
  readonly sky: string;
  readonly temperature_c: number;
  readonly wind_kmh: number;
}

const SKIES = ["bright sun", "light rain", "low clouds", "some sun", "heavy rain", "fog", "wet snow"];

/** Pretends to measure: a city's weather follows from its name. Throws for a city that is under water. */
export function measure(city: string): Weather {
  if (/atlantis/i.test(city)) throw new Error("The station in Atlantis does not answer.");
  let seed = 7;
  for (const character of city.toLowerCase()) seed = (seed * 31 + character.codePointAt(0)!) % 9973;
  const sky = SKIES[seed % SKIES.length] ?? "low clouds";
  const temperature = sky.includes("snow") ? 0 : 4 + (seed % 25);
  return { city, sky, temperature_c: temperature, wind_kmh: 2 + (seed % 30) };
}
