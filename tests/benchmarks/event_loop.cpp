// One replication of a scenario in C++17: the rival that the compiled engine is held against.
//
//     g++ -O3 -march=native -ffp-contract=off -std=c++17 event_loop.cpp -o event_loop
//     event_loop (general | pruned) tables.bin columns.bin runs
//
// Reads the plan, the floor and the shifts that tests/benchmarks/event_loop.py puts down, makes the same keyed draws,
// keeps the order of simulator/events.py and writes the same columns. Prints the seconds of processor time of each run
// of the loop; reading and writing are not in them. `pruned` knows one queue of one team, and nothing else.
// Multiplications and additions are not fused, as they are not in the engine: a fused draw differs in its last bit.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <numeric>
#include <queue>
#include <string>
#include <vector>

namespace {

using Whole = std::int64_t;
using Small = std::int32_t;
using Key = std::uint64_t;

constexpr Whole NEVER_US = Whole{1} << 62, DAY_US = 86'400'000'000;
constexpr Small LEG_MOST = 4095;

enum Kind : Key { ENDS = 1, SHIFTS = 2, JOINS = 4, MATCHES = 6, GIVES_UP = 7 };
enum Purpose { PATIENCE = 4, SERVICE, WRAP, TRANSFER, RETRY, RETRY_DELAY, CONTAINMENT = 12, RETRY_CHANNEL = 15 };
enum LawKind { EXPONENTIAL, DETERMINISTIC, UNIFORM, LOGNORMAL, EMPIRICAL = 5 };
enum End : Small { CENSORED, ANSWERED, TRANSFERRED, ABANDONED, CLOSED, CONTAINED, RESOLVED, UNRESOLVED, BLOCKED };
enum State : Small { WAITING, TALKING, WRAPPING, READING, GONE };

struct General {
    static constexpr bool several = true, transfers = true, retries = true, pages = true, lines = true;
};
struct OneQueue {
    static constexpr bool several = false, transfers = false, retries = false, pages = false, lines = false;
};

// ---- what is written: a row per leg and per spell of duty; -1 where there is nothing, UNANSWERED for an answer

constexpr Whole UNANSWERED = -(Whole(1) << 62);

struct Leg {
    Whole arrived_us, answered_us, ended_us, wrap_us, gives_up_us;
    Small number, attempt, leg, channel, queue, team, seat, history, leg_end, outcome;
    Small state, before, behind, last;  // the loop's own; `behind` is the transfer of one who was passed on
};

struct Duty {
    Whole seat, from_us, to_us;
};

// ---- what is read: named arrays of 8-byte numbers

template <class T>
struct Array {
    const T* at;
    std::size_t size;
    const T& operator[](Whole i) const { return at[i]; }
};

class Tables {
public:
    explicit Tables(const char* path) {
        std::FILE* file = std::fopen(path, "rb");
        if (!file) throw std::string("cannot open ") + path;
        char name[32];
        for (std::int64_t size; std::fread(name, 1, sizeof name, file) == sizeof name;) {
            if (std::fread(&size, sizeof size, 1, file) != 1) throw std::string("cut off at ") + name;
            auto& words = named_[name];
            words.resize(size);
            if (std::fread(words.data(), 8, size, file) != std::size_t(size)) throw std::string("cut off in ") + name;
        }
        std::fclose(file);
    }
    template <class T>
    Array<T> of(const char* name) const {
        const auto found = named_.find(name);
        if (found == named_.end()) throw std::string("no table ") + name;
        return {reinterpret_cast<const T*>(found->second.data()), found->second.size()};
    }
    Array<Whole> whole(const char* name) const { return of<Whole>(name); }
    Array<double> real(const char* name) const { return of<double>(name); }

private:
    std::map<std::string, std::vector<std::uint64_t>> named_;
};

// ---- draws and laws

double uniform(std::uint32_t seed, std::uint32_t replication, std::uint64_t entity, std::uint32_t visit, Purpose what) {
    std::uint32_t a = std::uint32_t(what) << 16, b = visit, c = std::uint32_t(entity), d = std::uint32_t(entity >> 32);
    for (int round = 0; round < 10; ++round) {  // Philox4x32-10
        const std::uint64_t p = 0xD2511F53ull * a, q = 0xCD9E8D57ull * c;
        a = std::uint32_t(q >> 32) ^ b ^ seed;
        c = std::uint32_t(p >> 32) ^ d ^ replication;
        b = std::uint32_t(q);
        d = std::uint32_t(p);
        seed += 0x9E3779B9u;
        replication += 0xBB67AE85u;
    }
    return (double(a >> 5) * 67108864.0 + double(b >> 6) + 0.5) / 9007199254740992.0;
}

template <std::size_t N>
double polynomial(const double (&k)[N], double r) {
    double sum = k[0];
    for (std::size_t i = 1; i < N; ++i) sum = sum * r + k[i];
    return sum;
}

double normal_quantile(double p) {  // AS 241, PPND16
    static constexpr double A[] = {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
                                   4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
                                   1.3314166789178437745e2, 3.3871328727963666080e0};
    static constexpr double B[] = {5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
                                   2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
                                   4.2313330701600911252e1, 1.0};
    static constexpr double C[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                                   1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0,
                                   4.63033784615654529590e0, 1.42343711074968357734e0};
    static constexpr double D[] = {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
                                   1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
                                   2.05319162663775882187e0, 1.0};
    static constexpr double E[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                                   2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
                                   5.46378491116411436990e0, 6.65790464350110377720e0};
    static constexpr double F[] = {2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
                                   7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
                                   5.99832206555887937690e-1, 1.0};
    const double q = p - 0.5;
    if (std::fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(A, r) / polynomial(B, r);
    }
    const double r = std::sqrt(-std::log(q < 0 ? p : 1.0 - p));
    const double z = r <= 5.0 ? polynomial(C, r - 1.6) / polynomial(D, r - 1.6)
                              : polynomial(E, r - 5.0) / polynomial(F, r - 5.0);
    return q < 0 ? -z : z;
}

class Laws {
public:
    explicit Laws(const Tables& tables)
        : kind_(tables.whole("law_kind")), a_(tables.real("law_a")), b_(tables.real("law_b")),
          at_(tables.whole("law_at")), shares_(tables.real("law_shares")), times_(tables.real("law_times")) {}

    Whole drawn_us(Whole law, double u) const {
        const double time_s = quantile_s(law, u);
        return time_s > 1e11 ? NEVER_US : Whole(std::nearbyint(time_s * 1e6));
    }

private:
    double quantile_s(Whole law, double u) const {
        const double a = a_[law], b = b_[law];
        switch (kind_[law]) {
            case EXPONENTIAL: return -a * std::log1p(-u);
            case DETERMINISTIC: return a;
            case UNIFORM: return a + (b - a) * u;
            case LOGNORMAL: return std::exp(a + b * normal_quantile(u));
            default: return tabled_s(shares_.at + at_[law], shares_.at + at_[law + 1], times_.at + at_[law], u);
        }
    }
    static double tabled_s(const double* first, const double* last, const double* times, double u) {
        if (u > last[-1]) return INFINITY;
        const std::ptrdiff_t i = std::lower_bound(first, last, u) - first;
        if (i == 0) return times[0];
        return times[i - 1] + (times[i] - times[i - 1]) * (u - first[i - 1]) / (first[i] - first[i - 1]);
    }

    Array<Whole> kind_;
    Array<double> a_, b_;
    Array<Whole> at_;
    Array<double> shares_, times_;
};

// ---- the floor

struct Event {
    Whole at_us;
    Key key;
    Small row;
    bool operator<(const Event& other) const {  // std::priority_queue keeps its greatest on top
        return at_us != other.at_us ? at_us > other.at_us : key > other.key;
    }
};

Key key_of(Key kind, Key number, Key attempt, Key leg) {
    return kind << 60 | number << 24 | attempt << 12 | leg;
}

// A line of waiting legs or idle seats, linked by their places: first in, first out.
struct Line {
    Small head = -1, tail = -1;

    // Put `one` last, but before those there of whom `overtakes` says so.
    template <class Items, class Overtakes>
    void put(Items& items, Small one, Overtakes overtakes) {
        Small behind = -1, before = tail;
        while (before >= 0 && overtakes(items[before], before)) behind = before, before = items[before].before;
        items[one].before = before, items[one].behind = behind;
        (before >= 0 ? items[before].behind : head) = one;
        (behind >= 0 ? items[behind].before : tail) = one;
    }
    template <class Items>
    void take(Items& items, Small one) {
        const Small before = items[one].before, behind = items[one].behind;
        (before >= 0 ? items[before].behind : head) = behind;
        (behind >= 0 ? items[behind].before : tail) = before;
    }
};

struct Seat {
    Whole duty_since = -1, idle_since = -1;
    Small before = -1, behind = -1;
};

struct Team {
    Line idle;
    Whole on_duty = 0, target = 0;
};

template <class Use>
class Replication {
public:
    explicit Replication(const Tables& of) : tables(of) {
        std::iota(by_due_.begin(), by_due_.end(), 0);
        std::stable_sort(by_due_.begin(), by_due_.end(), [&](Small a, Small b) { return due_us[a] < due_us[b]; });
    }

    void run() {
        legs.reserve(due_us.size * 5 / 4 + 64);
        for (;;) {
            enum { HEAP, ARRIVAL, SHIFT, MATCH } source = HEAP;
            Whole at_us = NEVER_US;
            Key key = ~Key{0};
            if (!pending_.empty()) at_us = pending_.top().at_us, key = pending_.top().key;
            if (next_arrival_ < by_due_.size() && due_us[by_due_[next_arrival_]] <= at_us) {
                const Key joins = key_of(JOINS, by_due_[next_arrival_], 1, 0);
                const Whole due = due_us[by_due_[next_arrival_]];
                if (due < at_us || joins < key) at_us = due, key = joins, source = ARRIVAL;
            }
            if (next_shift_ < shift_at_us.size && shift_at_us[next_shift_] <= at_us &&
                (shift_at_us[next_shift_] < at_us || SHIFTS << 60 < key))
                at_us = shift_at_us[next_shift_], key = SHIFTS << 60, source = SHIFT;
            if (match_wanted_ && (at_us > now_ || MATCHES << 60 < key)) at_us = now_, source = MATCH;
            if (at_us > horizon_us_) break;
            now_ = at_us;
            if (source == ARRIVAL) {
                arrive(by_due_[next_arrival_++]);
            } else if (source == SHIFT) {
                change_seats(shift_team[next_shift_], shift_present[next_shift_]);
                ++next_shift_;
            } else if (source == MATCH) {
                match();
            } else {
                const Small row = pending_.top().row;
                pending_.pop();
                switch (key >> 60) {
                    case ENDS: end(row); break;
                    case JOINS: legs[row].leg_end == TRANSFERRED ? pass_on(row) : try_again(row); break;
                    default: if (legs[row].state == WAITING) give_up(row);
                }
            }
        }
        for (Small seat = 0; seat < Small(seats_.size()); ++seat)
            if (seats_[seat].duty_since >= 0) duties.push_back({seat, seats_[seat].duty_since, horizon_us_});
    }

    std::vector<Leg> legs;
    std::vector<Duty> duties;

private:
    double drawn(Whole replication, const Leg& of, Purpose what) const {
        return uniform(seed_, replication, entity[of.number], of.attempt << 12 | of.leg, what);
    }
    void push(Whole at_us, Kind kind, Small row) {
        const Leg& of = legs[row];
        Key key = key_of(kind, of.number, of.attempt, of.leg);
        if (kind == JOINS) key = key_of(kind, of.number, of.attempt + (of.leg_end != TRANSFERRED),
                                        of.leg_end == TRANSFERRED ? of.leg + 1 : 0);
        pending_.push({at_us, key, row});
    }

    // -- joining

    void arrive(Small number) {
        const Small channel = channel_of[number];
        join(number, 1, 0, channel, entry(channel, number), -1, -1, first_patience_us[number]);
    }
    void pass_on(Small row) {
        const Leg& of = legs[row];
        const Whole queue =
            transfer_queue[(transfer_to[of.behind] * channels_ + of.channel) * intents_ + intent_of[of.number]];
        join(of.number, of.attempt, of.leg + 1, of.channel, queue, transfer_history[of.behind], row, NEVER_US);
    }
    void try_again(Small row) {
        const Leg& of = legs[row];
        Small channel = of.channel;
        if (retry_to_at[channel] < retry_to_at[channel + 1]) {
            double u = uniform(seed_, plan_, entity[of.number], of.attempt << 12, RETRY_CHANNEL);
            for (Whole hop = retry_to_at[of.channel]; hop < retry_to_at[of.channel + 1]; ++hop) {
                if (u < retry_to_share[hop]) {
                    channel = retry_to[hop];
                    break;
                }
                u -= retry_to_share[hop];
            }
        }
        Whole patience_us = NEVER_US;
        if (retry_keeps[of.channel])
            patience_us = of.gives_up_us - of.arrived_us;
        else if (patience_law[channel] >= 0)
            patience_us = laws_.drawn_us(patience_law[channel],
                                         uniform(seed_, plan_, entity[of.number], (of.attempt + 1) << 12, PATIENCE));
        join(of.number, of.attempt + 1, 0, channel, entry(channel, of.number), -1, -1, patience_us);
    }
    Whole entry(Small channel, Small number) const {
        return Use::several ? first_queue[channel * intents_ + intent_of[number]] : 0;
    }
    void join(Small number, Small attempt, Small leg, Small channel, Whole queue, Whole history, Small last,
              Whole patience_us) {
        const Small row = legs.size();
        legs.push_back({now_, UNANSWERED, -1, -1, now_ + patience_us, number, attempt, leg, channel, Small(queue), -1, -1,
                        Small(history), CENSORED, CENSORED, WAITING, -1, -1, last});
        Leg& joined = legs.back();
        const Whole of_day_us = now_ % DAY_US;
        if (leg == 0 && (of_day_us < opens_us[channel] || of_day_us >= closes_us[channel])) {
            joined.ended_us = now_, joined.leg_end = joined.outcome = CLOSED, joined.state = GONE;
            return;
        }
        if (Use::lines && leg == 0) {
            if (lines[channel] >= 0 && in_use_[channel] >= lines[channel]) {
                joined.ended_us = now_, joined.leg_end = joined.outcome = BLOCKED, joined.state = GONE;
                perhaps_again(row, retry_blocked);
                return;
            }
            ++in_use_[channel];
        }
        if (Use::pages && pages[queue] >= 0) {
            joined.answered_us = now_, joined.team = pages[queue], joined.state = READING;
            serve(row);
            return;
        }
        queue_[queue].put(legs, row, [&](const Leg& there, Small) {
            return there.arrived_us == now_ && there.number > number;
        });
        ++waiting_;
        match_wanted_ = true;
    }

    // -- waiting and talking

    struct Pair {
        Small row, team;
    };
    // The best pair: highest priority, lowest rank, longest wait, lowest number.
    Pair best_pair() const {
        if constexpr (!Use::several) return {teams_[0].idle.head >= 0 ? queue_[0].head : -1, 0};
        Pair best{-1, -1};
        Whole best_priority = 0, best_rank = 0;
        for (Whole queue = 0; queue < queues_; ++queue) {
            const Small head = queue_[queue].head;
            if (head < 0 || (best.row >= 0 && queue_priority[queue] < best_priority)) continue;
            Whole place = queue_teams_at[queue];
            const Whole places = queue_teams_at[queue + 1];
            while (place < places && teams_[queue_teams[place]].idle.head < 0) ++place;
            if (place == places) continue;
            const Whole rank = queue_ranks[place];
            if (best.row >= 0 && queue_priority[queue] == best_priority) {
                if (rank > best_rank) continue;
                const Leg &here = legs[head], &there = legs[best.row];
                if (rank == best_rank && (here.arrived_us != there.arrived_us ? here.arrived_us > there.arrived_us
                                                                              : here.number > there.number))
                    continue;
            }
            best = {head, Small(queue_teams[place])}, best_priority = queue_priority[queue], best_rank = rank;
        }
        return best;
    }
    void match() {
        match_wanted_ = false;
        while (waiting_ > 0) {
            const Pair pair = best_pair();
            if (pair.row < 0) break;
            Leg& of = legs[pair.row];
            Team& team = teams_[pair.team];
            const Small seat = team.idle.head;
            queue_[of.queue].take(legs, pair.row);
            --waiting_;
            team.idle.take(seats_, seat);
            seats_[seat].idle_since = -1;
            of.answered_us = now_, of.team = pair.team, of.seat = seat, of.state = TALKING;
            serve(pair.row);
        }
        for (; joined_from_ < legs.size(); ++joined_from_)  // only now can the patience of who waits on matter
            if (legs[joined_from_].state == WAITING && legs[joined_from_].gives_up_us <= horizon_us_)
                push(legs[joined_from_].gives_up_us, GIVES_UP, joined_from_);
    }
    void serve(Small row) {
        const Leg& of = legs[row];
        const Whole law = service_law[of.team * intents_ + intent_of[of.number]];
        const Whole until_us = now_ + laws_.drawn_us(law, drawn(desk_, of, SERVICE));
        if (until_us <= horizon_us_) push(until_us, ENDS, row);
    }
    void end(Small row) {
        Leg& of = legs[row];
        if (of.state == WRAPPING) {
            of.state = GONE;
            release(of);
            return;
        }
        of.ended_us = now_;
        of.leg_end = ANSWERED;
        Small outcome = RESOLVED;
        if (Use::pages && of.state == READING) {
            of.state = GONE;
            if (drawn(desk_, of, CONTAINMENT) < contained[of.team * intents_ + intent_of[of.number]])
                of.leg_end = CONTAINED;
            else
                outcome = UNRESOLVED;
        } else {
            of.state = GONE;
            if (wrap_law[of.team] >= 0) of.wrap_us = laws_.drawn_us(wrap_law[of.team], drawn(desk_, of, WRAP));
            if (of.wrap_us > 0) {
                of.state = WRAPPING;
                if (now_ + of.wrap_us <= horizon_us_) push(now_ + of.wrap_us, ENDS, row);
            } else {
                release(of);
            }
            if (Use::transfers && of.leg < LEG_MOST && is_passed_on(of)) {
                push(now_, JOINS, row);
                return;
            }
        }
        settle(row, outcome);
    }
    bool is_passed_on(Leg& of) const {
        const Whole cell = of.team * intents_ + intent_of[of.number];
        if (transfer_at[cell] == transfer_at[cell + 1]) return false;
        double u = drawn(desk_, of, TRANSFER);
        for (Whole transfer = transfer_at[cell]; transfer < transfer_at[cell + 1]; ++transfer) {
            if (u < transfer_probability[transfer]) {
                of.leg_end = TRANSFERRED, of.behind = transfer;
                return true;
            }
            u -= transfer_probability[transfer];
        }
        return false;
    }
    void give_up(Small row) {
        Leg& of = legs[row];
        queue_[of.queue].take(legs, row);
        --waiting_;
        of.ended_us = now_, of.leg_end = ABANDONED, of.state = GONE;
        settle(row, ABANDONED);
        if (Use::retries) perhaps_again(row, retry_probability);
    }
    void settle(Small row, Small outcome) {
        if (Use::lines) --in_use_[legs[row].channel];
        for (; row >= 0; row = legs[row].last) legs[row].outcome = outcome;
    }
    void perhaps_again(Small row, Array<double> probability) {
        const Leg& of = legs[row];
        if (of.attempt >= retry_attempts_most[of.channel]) return;
        const std::uint32_t visit = of.attempt << 12;
        if (uniform(seed_, plan_, entity[of.number], visit, RETRY) >= probability[of.channel]) return;
        const double u = uniform(seed_, plan_, entity[of.number], visit, RETRY_DELAY);
        const Whole back_us = now_ + laws_.drawn_us(retry_law[of.channel], u);
        if (back_us < horizon_us_) push(back_us, JOINS, row);
    }

    // -- seats

    void release(const Leg& of) {
        if (teams_[of.team].on_duty > teams_[of.team].target) return leave(of.team, of.seat);
        make_idle(of.team, of.seat);
        match_wanted_ = match_wanted_ || waiting_ > 0;
    }
    void leave(Whole team, Small seat) {
        duties.push_back({seat, seats_[seat].duty_since, now_});
        seats_[seat].duty_since = -1;
        --teams_[team].on_duty;
    }
    void make_idle(Whole team, Small seat) {
        seats_[seat].idle_since = now_;
        teams_[team].idle.put(seats_, seat, [&](const Seat& there, Small its) {
            return there.idle_since == now_ && its > seat;
        });
    }
    void change_seats(Whole team, Whole wanted) {
        Team& of = teams_[team];
        of.target = wanted;
        for (Small seat = seats_at[team + 1] - 1; of.on_duty > wanted && seat >= seats_at[team]; --seat)
            if (seats_[seat].idle_since >= 0) {
                of.idle.take(seats_, seat);
                seats_[seat].idle_since = -1;
                leave(team, seat);
            }
        for (Small seat = seats_at[team]; of.on_duty < wanted; ++seat)
            if (seats_[seat].duty_since < 0) {
                seats_[seat].duty_since = now_;
                ++of.on_duty;
                make_idle(team, seat);
            }
        match_wanted_ = match_wanted_ || waiting_ > 0;
    }

    Array<Whole> whole(const char* name) const { return tables.whole(name); }
    Array<double> real(const char* name) const { return tables.real(name); }

    const Tables& tables;
    const Laws laws_{tables};
    const std::uint32_t seed_ = whole("luck")[0], plan_ = whole("luck")[1], desk_ = whole("luck")[2];
    const Whole horizon_us_ = whole("horizon_us")[0];
    const Array<std::uint64_t> entity = tables.of<std::uint64_t>("entity");
    const Array<Whole> due_us = whole("due_us"), first_patience_us = whole("patience_us"),
        channel_of = whole("channel"), intent_of = whole("intent"), shift_at_us = whole("shift_at_us"),
        shift_team = whole("shift_team"), shift_present = whole("shift_present"), opens_us = whole("opens_us"),
        closes_us = whole("closes_us"), patience_law = whole("patience_law"), retry_law = whole("retry_law"),
        retry_attempts_most = whole("retry_attempts_most"), retry_keeps = whole("retry_keeps"),
        retry_to_at = whole("retry_to_at"), retry_to = whole("retry_to"), lines = whole("lines"),
        first_queue = whole("first_queue"), pages = whole("pages"), queue_priority = whole("queue_priority"),
        queue_teams_at = whole("queue_teams_at"), queue_teams = whole("queue_teams"),
        queue_ranks = whole("queue_ranks"), transfer_queue = whole("transfer_queue"),
        service_law = whole("service_law"), wrap_law = whole("wrap_law"), transfer_at = whole("transfer_at"),
        transfer_to = whole("transfer_to"), transfer_history = whole("transfer_history"),
        seats_at = whole("seats_at");
    const Array<double> retry_probability = real("retry_probability"), retry_blocked = real("retry_blocked"),
        retry_to_share = real("retry_to_share"), contained = real("contained"),
        transfer_probability = real("transfer_probability");
    const Whole channels_ = opens_us.size, intents_ = service_law.size / wrap_law.size, queues_ = pages.size;

    std::vector<Small> by_due_ = std::vector<Small>(due_us.size);
    std::vector<Team> teams_ = std::vector<Team>(wrap_law.size);
    std::vector<Line> queue_ = std::vector<Line>(queues_);
    std::vector<Seat> seats_ = std::vector<Seat>(seats_at[wrap_law.size]);
    std::vector<Whole> in_use_ = std::vector<Whole>(channels_);
    std::priority_queue<Event> pending_;
    std::size_t next_arrival_ = 0, next_shift_ = 0, joined_from_ = 0;
    Whole waiting_ = 0, now_ = 0;
    bool match_wanted_ = false;
};

double processor_s() {
    std::timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

template <class Rows>
void write(std::FILE* file, const Rows& rows) {
    const std::int64_t size = rows.size();
    std::fwrite(&size, sizeof size, 1, file);
    std::fwrite(rows.data(), sizeof rows[0], size, file);
}

template <class Use>
void time_runs(const Tables& tables, const char* columns, int runs) {
    for (int run = 0; run < runs; ++run) {
        Replication<Use> replication(tables);
        const double began_s = processor_s();
        replication.run();
        std::printf("%.9f\n", processor_s() - began_s);
        if (run + 1 < runs) continue;
        std::FILE* file = std::fopen(columns, "wb");
        if (!file) throw std::string("cannot write ") + columns;
        write(file, replication.legs);
        write(file, replication.duties);
        std::fclose(file);
    }
}

}  // namespace

int main(int words, char** word) {
    if (words != 5) return std::fputs("event_loop (general | pruned) tables.bin columns.bin runs\n", stderr), 2;
    try {
        const Tables tables(word[2]);
        if (std::strcmp(word[1], "pruned") == 0)
            time_runs<OneQueue>(tables, word[3], std::atoi(word[4]));
        else
            time_runs<General>(tables, word[3], std::atoi(word[4]));
    } catch (const std::string& fault) {
        return std::fprintf(stderr, "%s\n", fault.c_str()), 1;
    }
}
