import com.google.protobuf.Any;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.clarion.v1.Recipient;
import dev.clarion.v1.TriggerRequest;
import dev.clarion.v1.TriggerResponse;
import dev.clarion.v1.TriggerServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Triggers one campaign: {@code TriggerOrder CAMPAIGN ORDER}. Reads CLARION_TARGET and CLARION_API_KEY. */
public final class TriggerOrder {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    public static void main(String[] arguments) throws Exception {
        // A service on this machine speaks in the clear; leave usePlaintext out for any other one.
        ManagedChannel channel =
                ManagedChannelBuilder.forTarget(System.getenv("CLARION_TARGET")).usePlaintext().build();
        try {
            TriggerResponse accepted = trigger(channel, arguments[0], arguments[1]);
            System.out.println(accepted.getRecipients(0).getMessage());
        } catch (StatusRuntimeException refused) {
            System.out.println(reason(refused));
        } finally {
            channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    private static TriggerResponse trigger(ManagedChannel channel, String campaign, String order) {
        Metadata metadata = new Metadata();
        metadata.put(AUTHORIZATION, "Bearer " + System.getenv("CLARION_API_KEY"));
        Struct context = Struct.newBuilder()
                .putFields("order", Value.newBuilder().setStringValue(order).build())
                .build();
        TriggerRequest request = TriggerRequest.newBuilder()
                .setCampaign("campaigns/" + campaign)
                // Kept for every try, it makes the call safe to repeat.
                .setRequestId(UUID.randomUUID().toString())
                .addRecipients(Recipient.newBuilder().setIdentity("email:sent@clarion.test").setContext(context))
                .build();
        return TriggerServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .trigger(request);
    }

    /** Programs match on it, never on the message. */
    private static String reason(StatusRuntimeException refused) throws Exception {
        Status status = StatusProto.fromThrowable(refused);
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                return detail.unpack(ErrorInfo.class).getReason();
            }
        }
        return refused.getStatus().getCode().name();
    }
}
