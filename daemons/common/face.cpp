// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/face.h"

#include "daemons/common/log.h"

namespace ct::daemon {
namespace {

Status append_counters(bus::Message& reply, const std::map<std::string, std::uint64_t>& counters) {
    CT_CHECK(reply.open('a', "{st}"));
    for (const auto& [name, value] : counters) {
        CT_CHECK(reply.open('e', "st"));
        CT_CHECK(reply.append_all(name, value));
        CT_CHECK(reply.close());
    }
    return reply.close();
}

}  // namespace

bus::Interface daemon_interface(const Posture& posture, std::function<Status()> reload) {
    bus::Interface rows(kDaemonInterface);
    rows.method({.name = "Reload", .access = bus::Access::polkit("io.cloudtaser.manage")},
                [reload = std::move(reload)](bus::Call call) {
                    const Status status = reload();
                    status ? call.reply() : call.fail(status.error());
                });
    rows.property({"Version", "s", bus::Emits::constant}, [](bus::Message& reply) { return reply.append(CT_VERSION); });
    rows.property({"State", "s", bus::Emits::change}, [&](bus::Message& reply) { return reply.append(posture.state); });
    rows.property({"Reason", "s", bus::Emits::change},
                  [&](bus::Message& reply) { return reply.append(posture.reason); });
    rows.property({"Counters", "a{st}", bus::Emits::no},
                  [&](bus::Message& reply) { return append_counters(reply, posture.counters); });
    return rows;
}

bus::Interface log_control_interface() {
    bus::Interface rows("org.freedesktop.LogControl1");
    rows.property(
        {"LogLevel", "s"}, [](bus::Message& reply) { return reply.append(log::to_string(log::level())); },
        [](bus::Message& value) -> Status {
            CT_TRY(const std::string word, value.read<std::string>());
            const auto level = log::level_from(word);
            if (!level) return fail(Reason::invalid_argument, "levels: err warning notice info debug");
            log::set_level(*level);
            return {};
        });
    rows.property(
        {"LogTarget", "s"}, [](bus::Message& reply) { return reply.append(log::to_string(log::target())); },
        [](bus::Message& value) -> Status {
            CT_TRY(const std::string word, value.read<std::string>());
            const auto target = log::target_from(word);
            if (!target) return fail(Reason::invalid_argument, "targets: auto journal console null");
            log::set_target(*target);
            return {};
        });
    rows.property({"SyslogIdentifier", "s"}, [](bus::Message& reply) { return reply.append(log::identifier()); });
    return rows;
}

}  // namespace ct::daemon
