// SPDX-License-Identifier: Apache-2.0
#include "system/fault_plan.h"

#include <array>
#include <random>
#include <tuple>
#include <utility>

namespace ct::test {
namespace {

constexpr std::array<std::string_view, 5> kDaemons = {"secretd", "attestd", "identd", "bridge", "gate"};
constexpr int kDay = 24 * 60 * 60;
constexpr std::array kJumps = {-400 * kDay, -3 * kDay, -300, -20, 20, 300, 3 * kDay, 400 * kDay};

// Not the distributions of <random>: those may differ from one library to the next, and a seed is to be good anywhere.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    int below(std::size_t n) { return static_cast<int>(engine_() % n); }
    int between(int low, int high) { return low + below(static_cast<std::size_t>(high - low + 1)); }
    template <class List>
    auto one_of(const List& list) {
        return list[static_cast<std::size_t>(below(list.size()))];
    }

private:
    std::mt19937_64 engine_;
};

std::vector<Round> deal(Dice& dice) {
    std::vector<Round> deck;
    for (const auto daemon : kDaemons)
        deck.push_back({.fault = Fault::kill, .daemon = daemon, .amount = dice.between(1, 3)});
    for (const auto& [fault, low, high] : {std::tuple(Fault::freeze, 0, 0), std::tuple(Fault::few_descriptors, 0, 6),
                                           std::tuple(Fault::little_memory, 0, 64)})
        deck.push_back({.fault = fault, .daemon = dice.one_of(kDaemons), .amount = dice.between(low, high)});
    deck.push_back({.fault = Fault::slow_cable, .amount = dice.between(40, 400)});
    deck.push_back({.fault = Fault::jump_clock, .amount = dice.one_of(kJumps)});
    for (const Fault fault : {Fault::stop_gate, Fault::kill_vault, Fault::seal_vault, Fault::freeze_vault,
                              Fault::cut_cable, Fault::fill_records, Fault::fill_journal, Fault::restart_bus})
        deck.push_back({.fault = fault});
    for (std::size_t i = deck.size(); i > 1; --i)
        std::swap(deck[i - 1], deck[static_cast<std::size_t>(dice.below(i))]);
    return deck;
}

std::string_view name_of(Fault fault) {
    switch (fault) {
        case Fault::kill:
            return "kill";
        case Fault::freeze:
            return "freeze";
        case Fault::few_descriptors:
            return "few descriptors for";
        case Fault::little_memory:
            return "little memory for";
        case Fault::stop_gate:
            return "stop the gate";
        case Fault::kill_vault:
            return "kill OpenBao";
        case Fault::seal_vault:
            return "seal OpenBao";
        case Fault::freeze_vault:
            return "freeze OpenBao";
        case Fault::slow_cable:
            return "slow the cable";
        case Fault::cut_cable:
            return "cut the cable";
        case Fault::jump_clock:
            return "jump of the clock";
        case Fault::fill_records:
            return "fill the gate's disk";
        case Fault::fill_journal:
            return "fill the journal's disk";
        case Fault::restart_bus:
            return "restart the bus";
    }
    return "?";
}

}  // namespace

std::vector<Round> plan_rounds(std::uint64_t seed, int rounds, int services) {
    Dice dice(seed);
    std::vector<Round> plan, deck;
    for (int i = 0; i < rounds; ++i) {
        if (deck.empty()) deck = deal(dice);
        Round round = std::move(deck.back());
        deck.pop_back();
        round.cold = dice.below(2) == 0;
        round.strikes_first = dice.below(2) == 0;
        round.heals_early = dice.below(2) == 0;
        for (int service = 0; service < services; ++service) {
            const int lot = dice.below(10);
            if (lot < 3)
                round.start.push_back(service);
            else if (lot < 4)
                round.stop.push_back(service);
            else if (lot < 7)
                round.ask.push_back(service);
        }
        round.probe = dice.below(static_cast<std::size_t>(services));
        plan.push_back(std::move(round));
    }
    return plan;
}

std::string to_string(const Round& round) {
    std::string text(name_of(round.fault));
    if (!round.daemon.empty()) text += " " + std::string(round.daemon);
    if (round.amount != 0) text += " (" + std::to_string(round.amount) + ")";
    if (round.cold) text += ", cold";
    text += round.strikes_first ? ", first" : ", meanwhile";
    text += round.heals_early ? ", healed early" : ", healed late";
    for (const auto& [word, list] : {std::pair("start", &round.start), {"stop", &round.stop}, {"ask", &round.ask}}) {
        text += std::string("; ") + word;
        for (const int service : *list)
            text += " " + std::to_string(service);
    }
    return text + "; probe " + std::to_string(round.probe);
}

}  // namespace ct::test
