"""What Bedrock and Vertex AI want beside a header, and the one way out to every provider.

``bodies`` puts a Messages body into their form, ``dialer`` signs a call, sends it and unwraps its stream.
"""
