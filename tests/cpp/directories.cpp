// Directories of slivers: written, decoded from, verified, repaired.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <fstream>

namespace wal = walrus_accel;

void test_directories() {
    const auto context = cpu();
    const sample made(context);
    const scratch files;
    auto request = made.request();
    request.slivers = wal::sink::directory(files.path());
    const auto encoded = context.encode(request);
    const auto directory = encoded.path();
    CHECK(directory == files / made.metadata.blob_id().text() && !encoded.was_already_there());
    CHECK(context.encode(request).was_already_there());
    CHECK_FAILS(invalid_argument, "NUL", wal::sink::directory(std::string(1, '\0')));

    CHECK(context.verify_directory(directory).problems.empty());
    const wal::control control;
    const auto quick = context.verify_directory(directory, wal::scrutiny::quick, control);
    CHECK(quick.problems.empty() && quick.checked >= 15);

    // One file of each problem.
    const auto pairs = directory / "pairs";
    std::filesystem::remove(pairs / "0003.primary.bcs");
    std::ofstream(pairs / "0004.secondary.bcs") << "damage";
    std::ofstream(pairs / "stranger") << "unknown";
    CHECK_FAILS(target_exists, "", context.encode(request));
    const auto found = context.verify_directory(directory);
    for (const auto &report : {found, context.repair_directory(directory)}) {
        CHECK(report.problems.size() == 3);
        for (const auto &problem : report.problems) {
            const auto name = problem.path.filename();
            CHECK(!problem.reason.empty());
            CHECK(problem.kind == (name == "0003.primary.bcs"     ? wal::file_problem::missing
                                   : name == "0004.secondary.bcs" ? wal::file_problem::damaged
                                                                  : wal::file_problem::foreign));
        }
    }
    const auto left = context.verify_directory(directory, wal::scrutiny::quick);
    CHECK(left.problems.size() == 1 && left.problems[0].kind == wal::file_problem::foreign);

    const wal::decode_request decoding(made.metadata, wal::sliver_set::directory(directory));
    CHECK(is_same(context.decode(decoding).blob(), made.blob));
    const wal::rebuild_request rebuilding(made.metadata, wal::sliver_set::directory(directory),
                                          wal::sink::library());
    CHECK(is_same(context.rebuild(rebuilding).sliver(wal::axis::primary, 6),
                  made.kept.sliver(wal::axis::primary, 6)));
    std::filesystem::remove(pairs / "0000.primary.bcs");
    request.slivers = wal::sink::directory(files.path(), true);
    CHECK_FAILS(target_exists, "stranger", context.encode(request));
    CHECK(std::filesystem::exists(pairs / "stranger"));
    std::filesystem::remove(pairs / "stranger");
    CHECK(!context.encode(request).was_already_there());

    CHECK_FAILS(invalid_argument, "NUL", wal::sliver_set::directory(std::string(1, '\0')));
    CHECK_FAILS(invalid_argument, "NUL", context.verify_directory(std::string(1, '\0')));
    CHECK_FAILS(io, "nothing", context.verify_directory(files / "nothing"));
    CHECK_FAILS(io, "nothing", context.repair_directory(files / "nothing"));
    control.cancel();
    CHECK_FAILS(cancelled, "", context.verify_directory(directory, wal::scrutiny::full, control));
}
