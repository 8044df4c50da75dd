// Sources, sinks, choices, batches and failures of encoding.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <cstdio>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <thread>

namespace wal = walrus_accel;

namespace {

wal::blob_id id_of(const wal::runtime &runtime, wal::source from) {
    wal::encode_request request(std::move(from));
    request.n_shards = sample::n_shards;
    return runtime.encode(request).metadata().blob_id();
}

/// Returns a callable that reads a blob.
auto reading(const bytes &blob) {
    return [&blob](std::uint64_t offset, wal::span<std::uint8_t> out) {
        std::copy_n(blob.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    };
}

void sources(const wal::runtime &runtime, const sample &made) {
    const auto id = made.metadata.blob_id();
    const auto &blob = made.blob;
    CHECK(id_of(runtime, wal::source::memory(blob)) == id);

    const scratch files;
    std::ofstream(files / "blob", std::ios::binary)
        .write(
            reinterpret_cast<const char *>(blob.data()), static_cast<std::streamsize>(blob.size()));
    CHECK(id_of(runtime, wal::source::file(files / "blob")) == id);
    CHECK_FAILS(io, "nothing", id_of(runtime, wal::source::file(files / "nothing")));
    CHECK_FAILS(invalid_argument, "NUL", wal::source::file(std::string("a\0b", 3)));
    CHECK_FAILS(invalid_argument, "path", id_of(runtime, wal::source::file("")));

    std::FILE *open = std::fopen((files / "blob").c_str(), "rb");
    CHECK(open && id_of(runtime, wal::source::descriptor(fileno(open))) == id);
    std::fclose(open);
    CHECK_FAILS(invalid_argument, "-1", id_of(runtime, wal::source::descriptor(-1)));

    CHECK(id_of(runtime, wal::source::reader(blob.size(), reading(blob))) == id);
    // A callable that answers, and cannot be copied.
    auto whole = std::make_unique<bytes>(blob);
    auto owning = [whole = std::move(whole)](std::uint64_t offset, wal::span<std::uint8_t> out) {
        reading (*whole)(offset, out);
        return wal::flow::go_on;
    };
    CHECK(id_of(runtime, wal::source::reader(blob.size(), std::move(owning))) == id);
    CHECK_FAILS(cancelled, "",
        id_of(runtime, wal::source::reader(1, [](auto, auto) { return wal::flow::stop; })));
    const auto failing = wal::source::reader(5000, [](auto, auto) { throw 17; });
    CHECK_THROWS(17, id_of(runtime, failing));
    const auto failed = runtime.try_encode(wal::encode_request(failing));
    CHECK(!failed && failed.failure().status == wal::status::callback_failed &&
          failed.failure().cause);
    CHECK_THROWS(17, failed.value());
}

void sinks(const wal::runtime &runtime, const sample &made) {
    const auto shape = made.metadata.shape();
    auto request = made.request();
    request.pairs = std::vector<std::uint16_t>{5, 2, 5};

    const auto some = runtime.encode(request);
    CHECK(is_same(some.sliver(wal::axis::primary, 5), made.kept.sliver(wal::axis::primary, 5)));
    CHECK(some.metadata().blob_id() == made.metadata.blob_id());
    CHECK_FAILS(not_found, "3", some.sliver(wal::axis::primary, 3));
    CHECK_FAILS(not_found, "directory", some.path());
    CHECK_FAILS(not_found, "directory", some.was_already_there());

    std::vector<bytes> buffers;
    for (int pair = 0; pair < 2; ++pair) {
        buffers.emplace_back(shape.primary_length);
        buffers.emplace_back(shape.secondary_length);
    }
    request.slivers = wal::sink::buffers({buffers.begin(), buffers.end()});
    const auto roomed = runtime.encode(request);
    CHECK(is_same(buffers[0], made.kept.sliver(wal::axis::primary, 2)));
    CHECK(is_same(buffers[3], made.kept.sliver(wal::axis::secondary, 5)));
    CHECK_FAILS(not_found, "elsewhere", roomed.sliver(wal::axis::primary, 5));
    request.slivers = wal::sink::buffers({buffers[0], buffers[1], buffers[2]});
    CHECK_FAILS(invalid_argument, "3", runtime.encode(request));
    request.slivers = wal::sink::buffers({buffers[0], buffers[1], buffers[0], buffers[3]});
    CHECK_FAILS(invalid_argument, "overlap", runtime.encode(request));

    std::map<std::pair<wal::axis, std::uint16_t>, bytes> written;
    std::uint64_t count = 0;
    request.slivers = wal::sink::callback([&](const wal::piece &piece) {
        auto &sliver = written[{piece.axis, piece.pair}];
        sliver.resize(piece.sliver_length);
        std::copy(piece.bytes.begin(), piece.bytes.end(),
            sliver.begin() + static_cast<std::ptrdiff_t>(piece.offset));
        count += piece.bytes.size();
        CHECK(piece.index == wal::sliver_index(sample::n_shards, piece.axis, piece.pair));
    });
    (void)runtime.encode(request);
    CHECK(written.size() == 4 && count == 2 * (shape.primary_length + shape.secondary_length));
    for (const auto &[which, sliver] : written) {
        CHECK(is_same(sliver, made.kept.sliver(which.first, which.second)));
    }
    request.slivers = wal::sink::callback([](const wal::piece &) { return wal::flow::stop; });
    CHECK_FAILS(cancelled, "", runtime.encode(request));
    request.slivers = wal::sink::callback([](const wal::piece &) { throw 18; });
    CHECK_THROWS(18, runtime.encode(request));
}

void choices(const wal::runtime &runtime, const sample &made) {
    auto request = made.request();
    request.pairs = std::vector<std::uint16_t>();
    CHECK_FAILS(not_found, "0", runtime.encode(request).sliver(wal::axis::primary, 0));
    request.pairs = std::vector<std::uint16_t>{7};
    CHECK_FAILS(invalid_argument, "7", runtime.encode(request));
    request = made.request();
    request.commitment = wal::commitment::blake3;
    const auto other = runtime.encode(request).metadata();
    CHECK(other.commitment() == wal::commitment::blake3 &&
          other.blob_id() != made.metadata.blob_id());
    request.n_shards = 3;
    CHECK_FAILS(invalid_argument, "3", runtime.encode(request));
    const auto network = runtime.encode(wal::encode_request(wal::source::memory(made.blob)));
    CHECK(network.metadata().shape().n_shards == WALRUS_ACCEL_NETWORK_SHARDS);
}

/// The call waits for its source until it is cancelled.
void cancelling(const wal::runtime &runtime) {
    const wal::control control;
    std::promise<void> is_reading;
    std::promise<void> is_cancelled;
    bool is_first = true;
    std::thread other([&] {
        is_reading.get_future().wait();
        control.cancel();
        is_cancelled.set_value();
    });
    const wal::encode_request request(wal::source::reader(50'000'000, [&](auto, auto) {
        if (std::exchange(is_first, false)) {
            is_reading.set_value();
            is_cancelled.get_future().wait();
        }
    }));
    const auto result = runtime.try_encode(request, control);
    other.join();
    CHECK(!result && result.failure().status == wal::status::cancelled && !result.failure().cause);
    CHECK(!result && result.failure().message == "cancelled");
}

void batches(const wal::runtime &runtime, const sample &made) {
    std::vector<wal::encode_request> requests(5, made.request());
    requests[1].n_shards = 2;
    requests[2].blob = wal::source::reader(1, [](auto, auto) { throw 19; });
    const wal::control control;
    auto results = runtime.encode_batch(requests, control);
    CHECK(results.size() == 5 && control.progress().done == 5 && control.progress().total == 5);
    CHECK(results[0].value().metadata().blob_id() == made.metadata.blob_id());
    CHECK(!results[1] && results[1].failure().status == wal::status::invalid_argument);
    CHECK(!results[2] && results[2].failure().status == wal::status::callback_failed);
    CHECK_THROWS(19, results[2].value());
    CHECK(results[4]->sliver(wal::axis::secondary, 6).size() ==
          made.metadata.shape().secondary_length);
    CHECK(runtime.encode_batch({}).empty());
    control.cancel();
    results = runtime.encode_batch(requests, control);
    CHECK(!results[0] && results[0].failure().status == wal::status::cancelled);
}

void moves(const wal::runtime &runtime, const sample &made) {
    auto first = runtime.encode(made.request());
    const auto lent = first.sliver(wal::axis::primary, 1);
    auto second = std::move(first);
    CHECK(is_same(lent, second.sliver(wal::axis::primary, 1)));
    CHECK_FAILS(invalid_argument, "encoded", first.metadata());
    CHECK_FAILS(invalid_argument, "encoded", first.sliver(wal::axis::primary, 1));
    CHECK_FAILS(invalid_argument, "encoded", first.path());
    first = std::move(second);
    auto metadata = first.metadata();
    { const auto gone = std::move(first); }
    CHECK(metadata.blob_id() == made.metadata.blob_id());
    const auto moved = std::move(metadata);
    CHECK_FAILS(invalid_argument, "metadata", metadata.blob_id());
    CHECK_FAILS(invalid_argument, "metadata", metadata.root_hash());
    CHECK_FAILS(invalid_argument, "metadata", metadata.to_bcs());
    CHECK_FAILS(invalid_argument, "metadata", metadata.shape());
    CHECK_FAILS(invalid_argument, "metadata", metadata.commitment());
    CHECK_FAILS(invalid_argument, "metadata", metadata.sliver_root(wal::axis::primary, 0));
    CHECK_FAILS(invalid_argument, "metadata", runtime.decode({metadata, made.slivers()}));
}

void metadata(const sample &made) {
    const auto &first = made.metadata;
    CHECK(first.sliver_root(wal::axis::primary, 0) != first.sliver_root(wal::axis::secondary, 0));
    CHECK_FAILS(not_found, "7", first.sliver_root(wal::axis::primary, 7));
    auto bcs = first.to_bcs();
    CHECK(wal::metadata::from_bcs(bcs, 7).blob_id() == first.blob_id());
    CHECK_FAILS(invalid_metadata, "1000", wal::metadata::from_bcs(bcs));
    CHECK_FAILS(invalid_metadata, "", wal::metadata::from_bcs(bcs, 7, wal::blob_id()));
    bcs[60] ^= 1;
    CHECK_FAILS(invalid_metadata, "", wal::metadata::from_bcs(bcs, 7));
    bcs.pop_back();
    CHECK_FAILS(malformed, "", wal::metadata::from_bcs(bcs, 7));
    const auto result = wal::metadata::try_from_bcs({});
    CHECK(!result && result.failure().status == wal::status::malformed);
}

} // namespace

void test_encoding() {
    const auto runtime = cpu();
    const sample made(runtime);
    sources(runtime, made);
    sinks(runtime, made);
    choices(runtime, made);
    cancelling(runtime);
    batches(runtime, made);
    moves(runtime, made);
    metadata(made);
}
