// SPDX-License-Identifier: Apache-2.0
// The gate believes only what an honest judge can say (daemons/gate/scrutiny.h). Whatever a host of any kind shows, an honest judge
// must say no other thing of it, or hostile hosts could have judges ended.
#include <gtest/gtest.h>

#include <map>

#include "offline/clockless_gate.h"
#include "offline/company_desk.h"
#include "offline/fleet.h"
#include "support/private_bus.h"
#include "support/tell.h"

namespace ct::test {
namespace {

using Outcome = ClocklessGate::Outcome;
using std::chrono::days, std::chrono::minutes;

constexpr WallTime kFrom = std::chrono::sys_days(std::chrono::year(2027) / 3 / 1);

// Shows what a sound host shows, with one bit of it changed.
class Hostile final : public Host {
public:
    enum class Changes : std::uint8_t { introduction, proof };
    Hostile(Host& sound, Changes changes, std::size_t byte) : sound_(sound), changes_(changes), byte_(byte) {
        name = sound.name;
        spki = sound.spki;
    }
    [[nodiscard]] std::string_view kind() const override { return sound_.kind(); }
    [[nodiscard]] bool needs_collateral() const override { return sound_.needs_collateral(); }
    [[nodiscard]] Bytes introduction() const override {
        return changes_ == Changes::introduction ? changed(sound_.introduction()) : sound_.introduction();
    }
    [[nodiscard]] Bytes prove(ByteView request, const Sha512& binding, WallTime now) override {
        auto body = sound_.prove(request, binding, now);
        return changes_ == Changes::proof ? changed(std::move(body)) : body;
    }
    [[nodiscard]] bool changed_the_last() const { return byte_ + 1 >= size_; }

private:
    [[nodiscard]] Bytes changed(Bytes body) const {
        size_ = body.size();
        if (byte_ < size_) body[byte_] ^= static_cast<std::uint8_t>(1U << byte_ % 8);
        return body;
    }
    Host& sound_;
    Changes changes_;
    std::size_t byte_;
    mutable std::size_t size_ = 0;
};

// A company, its gate, and one host of each kind.
class Hosts : public testing::Test {
protected:
    void SetUp() override {
        std::string makers;
        for (const auto& [name, pem] : fleet_.roots())
            makers += pem;
        auto desk = CompanyDesk::open(makers);
        ASSERT_TRUE(desk) << desk.error().to_string();
        const auto file = desk->bundle(fleet_.published(kFrom, Ends(kFrom + days(30))), kFrom, 30);
        ASSERT_TRUE(file) << file.error().to_string();
        const auto rules = desk->load(*file, Fleet::policy("90m"), fleet_.roots(), fleet_.nodes());
        ASSERT_TRUE(rules) << rules.error().to_string();
        auto gate = ClocklessGate::start(built("cloudtaser-judge"), 1);
        ASSERT_TRUE(gate) << gate.error().to_string();
        gate_ = std::move(*gate);
        gate_->judge_by(*rules);
    }
    Outcome outcome_of(Host& host) {
        Outcome out;
        gate_->visit(host, kFrom + minutes(1), [&](const Outcome& outcome) { out = outcome; });
        gate_->settle();
        return out;
    }

    Fleet fleet_{1, kFrom};
    std::unique_ptr<ClocklessGate> gate_;
};

TEST_F(Hosts, OfEachKindAreReleasedTo) {
    ASSERT_EQ(fleet_.hosts().size(), 4U);
    for (const auto& host : fleet_.hosts()) {
        const auto outcome = outcome_of(*host);
        EXPECT_TRUE(outcome.released) << host->kind() << ": " << outcome.reason << ", " << outcome.detail;
    }
}

TEST_F(Hosts, AnHonestJudgeIsBelievedWhateverTheyShow) {
    std::map<std::string, std::size_t> reasons;
    std::size_t shown = 0, released = 0;
    for (const auto& sound : fleet_.hosts())
        for (const auto changes : {Hostile::Changes::introduction, Hostile::Changes::proof}) {
            bool all = false;
            for (std::size_t byte = 0; !all; ++byte, ++shown) {
                Hostile host(*sound, changes, byte);
                const auto outcome = outcome_of(host);
                all = host.changed_the_last();
                ++reasons[outcome.reason];
                released += outcome.released ? 1 : 0;
                EXPECT_NE(outcome.reason, "judge_unavailable")
                    << host.kind() << ", byte " << byte << ": " << outcome.detail;
            }
        }
    EXPECT_GT(shown, 4U * 1024);
    EXPECT_LT(released, shown / 4) << "of parts that nobody rests on";
    EXPECT_GE(reasons.size(), 8U);
    EXPECT_EQ(gate_->dead_judges(), 0U);
    tell("hostile hosts", std::to_string(shown) + " changes of what hosts show, " + std::to_string(shown - released) +
                              " refused for " + std::to_string(reasons.size() - reasons.contains("")) + " reasons");
}

}  // namespace
}  // namespace ct::test
