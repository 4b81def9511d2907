// SPDX-License-Identifier: Apache-2.0
// A world in which nobody is enrolled yet, and what an admin does in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "support/session_client.h"
#include "support/world.h"

namespace ct::ctl {

using ct::test::SessionClient;
using ct::test::World;

class Enrolment : public testing::Test {
protected:
    void SetUp() override {
        CT_NEEDS_WORLD();
        World::Options options;
        options.lifetime = "10s";  // renewed at two thirds of it
        options.enrolled_keys = true;
        begin(options);
    }
    void begin(const World::Options& options) {
        auto world = World::start(options);
        ASSERT_TRUE(world) << world.error().to_string();
        world_ = std::move(*world);
        world_->bao().put_kv("payments", R"({"password":"correct horse"})");
        world_->map("DB_PASSWORD", "kv/payments#password");
        std::filesystem::remove(world_->folder() + "/nodes.d/node.toml");
        ASSERT_TRUE(world_->reload_gate());
    }

    ct::test::Ran ran(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), ct::test::built("cloudtaserctl"));
        return ct::test::run({.argv = std::move(arguments), .environment = world_->bus().environment()});
    }
    // On the node.
    [[nodiscard]] std::string enrolment_file() const {
        const auto made = ran({"enrolment", "--certificate", world_->folder() + "/node.crt", "--name", "node-1"});
        EXPECT_EQ(made.code, 0) << made.output;
        return folder_.write("node-1.toml", made.output);
    }
    static std::string fingerprint_in(const std::string& file) {
        const std::string text = read_file(file, 1 << 16).value();
        constexpr std::string_view kLabel = "# Fingerprint: ";
        const auto at = text.find(kLabel);
        return at == std::string::npos ? "none" : text.substr(at + kLabel.size(), 24);
    }
    // On the gate.
    [[nodiscard]] ct::test::Ran gate_node(std::vector<std::string> arguments) const {
        std::vector<std::string> all{"gate", "node", "--settings", world_->folder() + "/gate.toml"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return ran(std::move(all));
    }
    static std::string refusal() {
        const auto session = SessionClient::open("payments");
        return session ? "none" : std::string(to_string(session.error().reason));
    }
    [[nodiscard]] std::size_t files() const {
        const std::filesystem::directory_iterator all(world_->folder() + "/nodes.d");
        return static_cast<std::size_t>(std::distance(std::filesystem::begin(all), std::filesystem::end(all)));
    }

    std::unique_ptr<World> world_;
    ct::test::TempDir folder_;
};

}  // namespace ct::ctl
