"""One client: the loop that waits, listens, ticks, records and draws. Its parts are made elsewhere and handed in."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from client.controls import Controls
from client.delivery_watch import DeliveryWatch
from client.drawings import Drawings
from client.events import CloseRequested, FocusEdge, KeyEdge, PanelToggled, Uncovered, WindowEvent
from client.focus import Focus
from client.lateness import Lateness
from client.logbook import Logbook
from client.notices import SAID, notice_key
from client.painter import Painter
from client.picture import Picture
from client.pictures import Pictures
from client.player import Player, make_input
from client.reports import Reports
from client.script import Script, stop_own_process
from client.view import View
from client.window import Window
from data.local_format import LocalHeader
from data.recorder import Recorder
from netcode.episode import Tick
from netcode.limits import MILLISECOND, SECOND
from netcode.link import Link, LinkEvent
from netcode.pulse import Pulse
from netcode.session import Phase, Session
from netcode.vocabulary import AWAY, Input

SPIN: Final = MILLISECOND // 5
"""The end of a wait for a tick is spun: a sleep comes about this late. A drawing may be as late as it likes."""
SHOWN_ANEW_EVERY: Final = SECOND
"""A desktop may lose what it was given without a word, so now and then it is given the same again."""
LINK_ASKED_EVERY: Final = SECOND // 10
"""As often as the link wants to be asked what became of it: each answer costs as much as a packet."""
REPORT_EVERY: Final = SECOND // 2
LEAVER_SECONDS: Final = 2
"""Who has asked to leave reads one more line, and does not want to look at the last screen for longer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a client is made of."""

    window: Window
    painter: Painter
    link: Link
    session: Session[Any]
    pulse: Pulse[Any]
    player: Player
    controls: Controls
    focus: Focus
    pictures: Pictures
    recorder: Recorder
    delivery: DeliveryWatch
    local_header: Callable[[], LocalHeader]
    script: Script
    reports: Reports
    clock: Callable[[], int]
    takes_focus: bool
    """Whether the window asks for the keyboard before each round: a person's does."""
    waits_for_disk: bool
    """Whether the window stays while an episode is on no disk: where somebody can see it, and make room."""


class Client:
    """Runs one seat until its session is closed.

    Args:
        parts: everything it talks to.
        final_seconds: how long the last screen stays once nothing more is to be said to the partner.
    """

    def __init__(self, parts: Parts, *, final_seconds: float) -> None:
        self._parts = parts
        self._final = int(final_seconds * SECOND)
        now = parts.clock()
        self._drawings = Drawings(parts.session.setup.terms.tick_rate, now)
        self._lateness = Lateness()
        self._view: View | None = None
        self._logbook: Logbook | None = None
        self._recording: int | None = None
        self._away_frames = [0, 0]
        self._settled: Any = None
        self._phase = parts.session.phase
        self._closed_at: int | None = None
        self._told_at = now
        self._ran_at = now
        self._flipped_at = now
        self._asked_link_at = now
        self._was_live = True
        self._has_left = False
        self._waits_for_disk = parts.waits_for_disk
        self._was_warned = False
        self._told_alarms = False
        self._told_delivery: tuple[str, ...] = ()

    def run(self) -> None:
        """Until the session is closed and its last screen was shown. The loop waits in the poller and nowhere else."""
        try:
            while not self._is_over():
                self._act_script()
                now = self._wait()
                self._take_events(now)
                self._tick(now)
                self._draw()
                self._tell(now)
        finally:
            gc.enable()

    def _is_over(self) -> bool:
        if self._parts.session.phase is not Phase.CLOSED:
            return False
        now = self._parts.clock()
        if self._closed_at is None:
            self._closed_at = now
        return now - self._closed_at >= self._final and not self._is_waiting_for_disk()

    def _is_waiting_for_disk(self) -> bool:
        """An episode that no disk takes lives in this program alone, and its alarm asks not to close it."""
        is_waiting = self._waits_for_disk and self._parts.recorder.has_unsealed
        alarms = self._parts.recorder.alarms if is_waiting else ()
        if alarms and not self._told_alarms:
            self._parts.reports.tell("waits_for_disk", alarms=list(alarms))
            self._told_alarms = True
        return is_waiting

    # --- waiting and listening ------------------------------------------------------------------------------------

    def _wait(self) -> int:
        """Wait for the next tick or drawing, taking in what arrives; the time by which to judge what is due.

        Before a tick everything that has arrived by then is taken in. A drawing alone judges nothing.
        """
        clock, link = self._parts.clock, self._parts.link
        deadline, spin = self._next_deadline()
        while (left := deadline - clock()) > 0:
            if left > MILLISECOND + spin:
                if link.wait(left - spin):
                    self._listen()
                    deadline, spin = self._next_deadline()
            elif left > spin:
                time.sleep((left - spin) / SECOND)
        now = clock()
        if self._parts.pulse.deadline <= now:
            self._listen()
            now = clock()
        return now

    def _next_deadline(self) -> tuple[int, int]:
        """When to wake up, and how long before that to stop sleeping."""
        tick = self._parts.pulse.deadline
        drawing = self._drawings.deadline(tick)
        return (tick, SPIN) if tick <= drawing else (drawing, 0)

    def _listen(self) -> None:
        parts, now = self._parts, self._parts.clock()
        packets = parts.link.drain()
        for packet in packets:
            parts.session.receive(packet, now)
        if packets:
            if self._logbook is not None:
                self._logbook.carried(received=len(packets))
            ticks = parts.pulse.retry(now)
            if ticks:
                self._after(ticks, now, now)
                self._speak()

    def _speak(self) -> None:
        packets = self._parts.session.packets(self._parts.clock())
        for packet in packets:
            self._parts.link.send(packet)
        if self._logbook is not None:
            self._logbook.carried(sent=len(packets))

    # --- what the person, the window system and the script do -----------------------------------------------------

    @property
    def _frame(self) -> int:
        episode = self._parts.session.episode
        return episode.frame if episode is not None else 0

    def _act_script(self) -> None:
        """Do what a rehearsal wants at this frame: real focus events, a really stopped process."""
        parts = self._parts
        if parts.session.phase is not Phase.PLAYING:
            return
        freeze = parts.script.freeze(self._frame)
        if freeze is not None:
            stop_own_process(lambda: parts.reports.tell("freeze", seconds=freeze.seconds))
        focused = parts.script.focus_edge(self._frame)
        if focused is not None:
            parts.window.post_focus(focused)

    def _take_events(self, now: int) -> None:
        parts = self._parts
        for event in parts.window.poll(now):
            self._take_event(event, now)
        parts.focus.watch(parts.window.has_focus(), now)
        believed = parts.controls.believed_down
        down = parts.window.keys_down(believed) if believed else None
        if down is not None:
            parts.controls.release_all_but(down)
        edge = parts.focus.take_edge()
        if edge is not None:
            self._turn_away_or_back(edge, now)

    def _take_event(self, event: WindowEvent, now: int) -> None:
        parts = self._parts
        match event:
            case KeyEdge():
                parts.controls.feed(event, now)
                if self._logbook is not None:
                    self._logbook.key(event.scancode, down=event.down, frame=self._frame, now=now)
            case FocusEdge():
                parts.focus.feed(event, now)
            case CloseRequested():
                self._leave(event, now)
            case PanelToggled(panel="details"):
                parts.pictures.shows_details = not parts.pictures.shows_details
            case PanelToggled():
                parts.pictures.shows_figures = not parts.pictures.shows_figures
            case Uncovered():
                parts.painter.forget()

    def _leave(self, event: CloseRequested, now: int) -> None:
        """Somebody wants this seat to go: politely, and on a second request without a last screen."""
        parts = self._parts
        is_impatient = event.by == "signal" or self._has_left or parts.session.phase is Phase.CLOSED
        if event.by == "signal" or self._was_warned:
            self._waits_for_disk = False
        elif self._closed_at is not None and self._is_waiting_for_disk():
            self._was_warned = True  # the window asks not to be closed; who does it once more means it
        self._final = 0 if is_impatient else min(self._final, LEAVER_SECONDS * SECOND)
        self._has_left = True
        parts.session.leave(now)
        parts.reports.tell("leave", by=event.by)

    def _turn_away_or_back(self, edge: FocusEdge, now: int) -> None:
        parts, view = self._parts, self._view
        parts.controls.feed(edge, now)
        self._drawings.restart()
        if self._logbook is not None:
            self._logbook.focus(focused=edge.focused, frame=self._frame, now=now)
        if view is None or parts.session.phase is not Phase.PLAYING:
            return
        if edge.focused:
            before = view.fast_forwarded_frames
            view.resume(now)
            self._note_view("fast_forward", view.fast_forwarded_frames - before, now)
        else:
            view.park(now)
            self._note_view("park", 0, now)

    def _note_view(self, what: str, frames: int, now: int) -> None:
        if self._logbook is not None:
            self._logbook.view(what, frames, self._frame, now)

    # --- ticking --------------------------------------------------------------------------------------------------

    def _tick(self, now: int) -> None:
        """Run what is due; whatever happens, say it to the partner before anything is drawn."""
        pulse = self._parts.pulse
        deadline = pulse.deadline
        if now < deadline:
            return
        self._wake(pulse.absent_ticks(now), now)
        ticks = pulse.run(now, self._sample)
        self._speak()
        self._after(ticks, deadline, now)
        if ticks:
            self._lateness.add(now - deadline)
        self._follow_phase(now)
        self._ran_at = now
        self._drawings.ticked(now)

    def _wake(self, absent_ticks: int, now: int) -> None:
        if not absent_ticks:
            return
        if self._view is not None:
            self._view.standstill(absent_ticks, now)
        self._note_view("fast_forward", absent_ticks, now)
        if self._logbook is not None:
            self._logbook.woke(now - self._ran_at, absent_ticks, self._frame, now)

    def _sample(self) -> Input:
        parts = self._parts
        episode = parts.session.episode
        assert episode is not None, "only an episode wants inputs"
        is_live = self._view is None or self._view.is_live
        return make_input(parts.player, episode.timeline.head, is_away=parts.focus.is_away, is_live=is_live)

    def _after(self, ticks: list[Tick], deadline: int, start: int) -> None:
        """Hand on what the ticks gave: confirmed frames to the recorder, states to the view, figures to the logbook."""
        parts, view, logbook = self._parts, self._view, self._logbook
        if not ticks or view is None or logbook is None or self._recording is None:
            return
        for tick in ticks:
            parts.recorder.record(tick.confirmed)
            view.confirmed(tick.confirmed)
            if tick.confirmed:
                self._settled = tick.confirmed[-1].state
            for frame in tick.confirmed:
                self._away_frames[0] += frame.inputs[0].flags & AWAY
                self._away_frames[1] += frame.inputs[1].flags & AWAY
        end = parts.clock()
        last = ticks[-1]
        view.live(last.shown_frame, last.state, end)
        logbook.probed(parts.session.round_trips.last)
        if parts.session.episode is not None:
            logbook.ticked(ticks, parts.session.episode.timeline.own, deadline, start, end)
            logbook.paced(parts.session.episode.pacing.stretch, last.frame, end)

    # --- phases ---------------------------------------------------------------------------------------------------

    def _follow_phase(self, now: int) -> None:
        parts = self._parts
        phase = parts.session.phase
        if phase is self._phase:
            return
        self._phase = phase
        self._drawings.restart()  # nobody waits for a card, not even in the background
        if phase is Phase.COUNTDOWN:
            gc.collect()
            if parts.takes_focus:
                parts.window.take_focus()
        if phase is Phase.PLAYING:
            self._begin_episode(now)
        elif self._recording is not None:
            self._end_episode(now)
        parts.reports.tell("phase", phase=phase.value, refusal=list(parts.session.refusal))

    def _begin_episode(self, now: int) -> None:
        parts, episode = self._parts, self._parts.session.episode
        assert episode is not None
        parts.recorder.begin(episode.terms, episode.header, parts.local_header())
        self._recording = episode.terms.episode
        self._away_frames = [0, 0]
        self._lateness = Lateness()
        self._drawings.made = self._drawings.dropped = 0
        rules = episode.terms.terms
        self._view = View(rules.tick_rate)
        self._settled = episode.timeline.head
        self._view.live(0, self._settled, now)
        self._logbook = Logbook(parts.recorder, parts.session.setup.game, rules)
        self._was_live = True
        parts.player.begin(episode.terms.episode)
        parts.script.begin_episode()
        if parts.focus.is_away:
            self._logbook.focus(focused=False, frame=0, now=now)
            self._view.park(now)
            self._note_view("park", 0, now)
        # A collection in the middle of a tick is a late tick: the countdown has collected, and waste is bounded.
        gc.freeze()
        gc.disable()

    def _end_episode(self, now: int) -> None:
        parts, episode, ending = self._parts, self._parts.session.episode, self._parts.session.ending
        assert episode is not None
        assert ending is not None
        assert self._view is not None
        if self._logbook is not None:
            self._logbook.flipped(None, now)
            differing = episode.chain.unsettled_frame(ending.end.frame)
            if differing is not None:
                self._logbook.diverged(differing)
        self._view.end()
        parts.recorder.end(ending, self._statistics())
        # Of an episode that was cut, guesses may have been on the window: its result is that of the record.
        parts.pictures.finished(parts.session.setup.game.scene(self._settled, parts.session.setup.seat), ending)
        end = ending.end
        parts.reports.tell(
            "episode", index=self._recording, rows=end.rows, reason=end.reason, agreement=ending.agreement
        )
        self._recording, self._logbook = None, None
        gc.enable()
        gc.unfreeze()
        gc.collect()

    def _statistics(self) -> dict[str, int | str | dict[str, int]]:
        tally, session, view = self._parts.pulse.tally, self._parts.session, self._view
        return {
            "rollbacks": tally.rollbacks,
            "wrong_guesses": tally.wrong_guesses,
            "max_rollback_frames": tally.max_rollback_frames,
            "holds": tally.holds,
            "held_ticks": tally.held_ticks,
            "owed_ticks": tally.owed_ticks,
            "standstills": tally.standstills,
            "paced_ticks": tally.paced_ticks,
            "fast_forwarded_frames": view.fast_forwarded_frames if view is not None else 0,
            "away_frames": {"left": self._away_frames[0], "right": self._away_frames[1]},
            "late_p50_us": self._lateness.quantile_us(50),
            "late_p99_us": self._lateness.quantile_us(99),
            "drawings": self._drawings.made,
            "dropped_drawings": self._drawings.dropped,
            "rejected_packets": session.rejected,
            "stray_packets": session.strays,
            "round_trip_us": session.round_trips.smoothed // 1000,
            # Of the link, since the program began: it outlives episodes.
            "connects": self._parts.link.tally.connects,
            "refused_connections": self._parts.link.tally.refused,
            "unsent_packets": self._parts.link.tally.unsent,
            "odd_messages": self._parts.link.tally.oddities,
        }

    # --- drawing --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        parts = self._parts
        now = parts.clock()
        if not self._drawings.take(now, is_seldom=parts.focus.is_away):
            return
        if now - self._asked_link_at >= LINK_ASKED_EVERY:
            self._asked_link_at = now
            for event in parts.link.events():
                self._heed(event)
        parts.pictures.delivery = parts.delivery.words
        alarms = (*parts.recorder.alarms, *parts.delivery.alarms)
        picture = parts.pictures.make(self._view, parts.focus, parts.pulse.tally, alarms, now)
        has_changed = parts.painter.paint(parts.window.surface, picture)
        is_awaited = self._logbook is not None and self._logbook.awaits_picture
        if has_changed or is_awaited or now - self._flipped_at >= SHOWN_ANEW_EVERY:
            self._flipped_at = now
            parts.window.flip()
        self._note_drawing(picture)

    def _heed(self, event: LinkEvent) -> None:
        self._parts.pictures.link_event = event
        self._parts.reports.tell("link", what=event.value)

    def _note_drawing(self, picture: Picture) -> None:
        view, logbook, shown = self._view, self._logbook, self._parts.pictures.shown
        if view is None or logbook is None or shown is None:
            return
        flipped_at = self._parts.clock()
        logbook.flipped(shown, flipped_at)
        logbook.notice(SAID[notice_key(picture)], self._frame, flipped_at)
        if view.is_live and not self._was_live:
            self._note_view("live", 0, flipped_at)
        self._was_live = view.is_live

    # --- the parent process ---------------------------------------------------------------------------------------

    def _tell(self, now: int) -> None:
        if now - self._told_at < REPORT_EVERY:
            return
        self._told_at = now
        parts = self._parts
        if parts.reports.is_broken:
            parts.session.leave(now)
        if parts.delivery.words != self._told_delivery:
            self._told_delivery = parts.delivery.words
            parts.reports.tell("delivery", words=list(self._told_delivery))
        if self._recording is not None:
            waits = parts.pictures.holds(now)
            silent = parts.session.silent_for(now) >= parts.session.setup.times.silence_notice
            words = "partner not reachable" if silent else "waiting for partner" if waits else ""
            parts.reports.tell("frame", episode=self._recording, frame=self._frame, notice=words)
