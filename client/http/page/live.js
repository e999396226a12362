// What comes from the server, as it comes: the status, and the stream of events.

const RENEW_MS = 2000;
// The server asks fectld twice a second at most, so what an event tells is surely in the status that is asked for
// so much later; mostly it is in the first one.
const AFTER_EVENT_MS = [60, 600];
const AGAIN_MS = 1000;
const PAST_MS = 600000;

// What is to be known of one service alone; null: it cannot be had now.
export async function look(name) {
  try {
    const answer = await fetch("/api/v1/status/" + name, { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// `told`: an object with status(view), event(record), connection("live" | "lost", words), notice(words).
export function follow(told) {
  new Status(told).begin();
  new Events(told).begin();
}

class Status {
  constructor(told) {
    this.told = told;
    this.asking = false;
    this.timers = [];
  }

  begin() {
    this.ask();
    setInterval(() => { if (!document.hidden) this.ask(); }, RENEW_MS);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.ask(); });
    document.addEventListener("fectl-event", () => this.askSoon());
  }

  askSoon() {
    this.timers.forEach(clearTimeout);
    this.timers = AFTER_EVENT_MS.map((ms) => setTimeout(() => this.ask(), ms));
  }

  async ask() {
    if (this.asking) return;
    this.asking = true;
    try {
      const answer = await fetch("/api/v1/status", { cache: "no-store" });
      const view = await answer.json();
      if (!answer.ok) throw new Error(view.reasons[0].reason);
      this.told.status(view);
      this.told.connection("live", "live");
    } catch (error) {
      const words = error instanceof TypeError ? "fectl-http does not answer" : String(error.message);
      this.told.connection("lost", words + "; trying again");
    } finally {
      this.asking = false;
    }
  }
}

class Events {
  constructor(told) {
    this.told = told;
    this.last = "";
  }

  begin() {
    const from = this.last === "" ? "since=" + (Date.now() - PAST_MS) : "after=" + encodeURIComponent(this.last);
    this.source = new EventSource("/api/v1/events?" + from);
    this.source.onmessage = (message) => {
      if (message.lastEventId !== "") this.last = message.lastEventId;
      this.told.event(JSON.parse(message.data));
      document.dispatchEvent(new Event("fectl-event"));
    };
    this.source.addEventListener("refused", (message) => {
      this.source.close();
      this.told.notice("No events: " + JSON.parse(message.data).message);
    });
    // A browser connects again by itself, but for an answer that is an error.
    this.source.onerror = () => {
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.begin(), AGAIN_MS);
    };
  }
}
