// SPDX-License-Identifier: Apache-2.0
// A judge in the test's own process, who knows paper.
#pragma once

#include <vector>

#include "daemons/gate/ports.h"
#include "support/judge_case.h"

namespace ct::test {

inline gate::Event paper_answer(const gate::action::Ask& what) {
    auto answer = judge::answer(what.rules->policy, what.question, find_paper);
    if (auto* opening = std::get_if<judge::Opening>(&answer.content))
        return gate::event::Opened{answer.id, std::move(*opening)};
    return gate::event::Judged{answer.id, std::get<judge::Decision>(std::move(answer.content))};
}

class PaperJudge final : public gate::Judge {
public:
    void ask(const gate::action::Ask& what, std::function<void(gate::Event)> answer) override {
        if (dead) return answer(gate::event::JudgeFailed{what.question.id, {Reason::judge_unavailable, "it died", 0}});
        if (asked) asked(what);
        answer(paper_answer(what));
    }
    void end(std::uint64_t judge, const std::string&) override { ended.push_back(judge); }
    bool dead = false;
    std::vector<std::uint64_t> ended;
    std::function<void(const gate::action::Ask&)> asked;  // looks on
};

}  // namespace ct::test
